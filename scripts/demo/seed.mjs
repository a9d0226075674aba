// Fills a fresh demo with an operator, a market shop, its goods and a show: seed.mjs FRONT DATA. A second start finds them.
//
// DATA/demo.json (0600) keeps the logins and the show; DATA/publisher.pipeline (0600) is what the demo's encoder runs.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { goods, shop } from './goods.mjs';
import { Person } from './person.mjs';

const [front, data] = process.argv.slice(2);
const file = path.join(data, 'demo.json');
const keep = (name, text) => writeFileSync(path.join(data, name), text, { mode: 0o600 });
const fresh = (login) => ({ login, password: randomBytes(15).toString('base64url') });

async function seedPeople() {
    const people = { operator: fresh('operator'), seller: fresh('seller') };
    keep('demo.json', JSON.stringify(people, null, 2)); // before they are used, so that they can't be lost
    const link = readFileSync(path.join(data, 'operator-link'), 'utf8').trim();
    const operator = await new Person(front).accept(link, people.operator, '장터 운영자');
    const invite = await operator.post('/api/v1/sellers/invites', { shop_name: shop.name });
    const seller = await new Person(front).accept(invite.link, people.seller, '고순이');
    await seller.put('/api/v1/shop', shop);
    return seller;
}

async function seedGoods(seller) {
    for (const product of goods) {
        const bytes = readFileSync(new URL(`pictures/${product.picture}.jpg`, import.meta.url));
        const { hash } = await seller.post('/api/v1/pictures', new Uint8Array(bytes));
        await seller.post('/api/v1/shop/products', { ...product, picture: hash });
    }
}

/** The show on air or planned, else a new one with all products. */
async function findShow(seller) {
    const { items } = await seller.get('/api/v1/shop/shows');
    const open = items.find(({ state }) => state !== 'ended');
    const show = open ?? (await seller.post('/api/v1/shop/shows', { title: '서문시장 저녁 장보기 라이브', access: 'public' }));
    const products = (await seller.get('/api/v1/shop/products')).items.reverse();
    await seller.put(`/api/v1/shows/${show.id}/products`, { ids: products.map(({ id }) => id) });
    await seller.put(`/api/v1/shows/${show.id}/notice`, { text: '오늘 밤 9시 전 주문은 내일 바로 보내요' });
    await seller.put(`/api/v1/shows/${show.id}/pin`, { product: products[0].id });
    return show;
}

/** A moving picture with a running clock, and a beep each second: to see and hear delay. A phone's upright picture. */
async function writePipeline(seller) {
    const { rtmp_url: url, stream_key: key } = await seller.post('/api/v1/shop/key/reveal', {});
    keep('publisher.pipeline', `
videotestsrc is-live=true pattern=ball background-color=0xff2b4a3f foreground-color=0xfff28a1d
! video/x-raw,width=720,height=1280,framerate=30/1
! clockoverlay font-desc="Sans 30" halignment=center valignment=center time-format="%H:%M:%S"
! x264enc tune=zerolatency bframes=0 key-int-max=60 speed-preset=veryfast bitrate=1500 threads=1
! h264parse ! queue ! mux.
audiotestsrc is-live=true wave=ticks freq=880 volume=0.4 samplesperbuffer=480
! audio/x-raw,rate=48000,channels=2 ! ${process.env.DEMO_AAC ?? 'voaacenc'} bitrate=96000 ! aacparse ! queue ! mux.
flvmux name=mux streamable=true ! rtmp2sink location="${url}/${key}"
`);
}

const isSeeded = existsSync(file);
const seller = isSeeded
    ? await new Person(front).signIn(JSON.parse(readFileSync(file, 'utf8')).seller)
    : await seedPeople();
if (!isSeeded) await seedGoods(seller);
const show = await findShow(seller);
await writePipeline(seller);
keep('demo.json', JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), show: show.id }, null, 2));
console.log(show.id);
