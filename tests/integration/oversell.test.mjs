// More buyers than pieces, all at once: chat alone, over HTTP, each buyer on a connection from an address of their own.
// JT_BUYERS is how many: 1,000 in oversell.long.test.mjs, fewer here, for an asan build on two busy cores.
import assert from 'node:assert/strict';
import test from 'node:test';
import { atEnd, startService } from './harness/index.mjs';
import { each, gather } from './buyers.mjs';
import { firstOperator, openShop } from './people.mjs';

const SLICE = 20, IN_FLIGHT = 64; // fewer than pieces: chat dies before all are gone
const BUYERS = Number(process.env.JT_BUYERS ?? 400), STOCK = 100;
const KILL_AT = [1, 40, 90]; // orders answered

const countsOf = async (seller) => (await seller.must('GET', '/api/v1/shop/products')).items[0].variants[0];

function assertBalance({ stock, reserved, sold, left }) {
    assert.equal(reserved + sold + left, stock, `${reserved} reserved, ${sold} sold and ${left} left of ${stock}`);
    assert.ok(left >= 0 && reserved >= 0 && sold >= 0 && stock === STOCK);
}

/** Looks at the product over and over until it is told to stop; any look that doesn't add up fails the test. */
function observe(seller, product) {
    const seen = { looks: 0, fewest: STOCK, isOver: false };
    const look = async () => {
        while (!seen.isOver) {
            let counts;
            try {
                counts = await countsOf(seller);
            } catch (error) {
                if (error instanceof assert.AssertionError) throw error;
                await new Promise(setImmediate); // chat is dead just now
                continue;
            }
            assertBalance(counts);
            assert.ok(counts.left <= seen.fewest, 'pieces came back');
            seen.fewest = counts.left;
            seen.looks++;
        }
        return seen;
    };
    const looking = look();
    looking.catch(() => {}); // told at the end
    return async () => {
        seen.isOver = true;
        return looking;
    };
}

async function openSale(t) {
    const chat = await startService(t, 'chat', { flags: { 'http.per_address': -1 } });
    const { seller, product } = await openShop(await firstOperator(chat.http, chat.site.dataDir), { stock: STOCK });
    const buyers = await gather(chat.http, BUYERS);
    atEnd(t, () => buyers.forEach((buyer) => buyer.leave()));
    return { chat, seller, product, buyers };
}

async function assertAllReserved(seller) {
    const counts = await countsOf(seller);
    assert.deepEqual([counts.reserved, counts.sold, counts.left], [STOCK, 0, 0]);
}

/** As good as at once: between slices answers are read, so that what is known here is not far behind. */
async function allAtOnce(buyers, job) {
    const running = [];
    for (let i = 0; i < buyers.length; i += SLICE) {
        running.push(...buyers.slice(i, i + SLICE).map(job));
        await new Promise(setImmediate);
    }
    return Promise.all(running);
}

const isHeld = ({ status }) => status === 200 || status === 201;

function assertLost({ status, body }) {
    assert.deepEqual([status, body.code, body.left], [409, 'sold_out', 0], JSON.stringify(body));
}

test(`K1, pitfall 1: ${BUYERS} buyers at once for ${STOCK} pieces`, async (t) => {
    const { seller, product, buyers } = await openSale(t);
    const stopObserving = observe(seller, product);
    const answers = await allAtOnce(buyers, (buyer) => buyer.order(product));
    const { looks } = await stopObserving();
    const won = answers.filter(({ status }) => status === 201);
    assert.equal(won.length, STOCK);
    answers.filter(({ status }) => status !== 201).forEach(assertLost);
    assert.equal(new Set(won.map(({ body }) => body.orders[0].id)).size, STOCK);
    assert.equal(new Set(won.map(({ body }) => body.orders[0].number)).size, STOCK);
    assert.ok(looks > 0, `${looks} looks meanwhile`);
    await assertAllReserved(seller);
    t.diagnostic(`${looks} looks at the product during the run`);
});

/** Everybody orders who has no answer yet; when `killAt` orders are known chat dies. Resolves to how many attempts broke. */
async function rush(chat, { buyers, product, known }, killAt) {
    let broken = 0;
    await each(buyers, IN_FLIGHT, async (buyer) => {
        try {
            const answer = await buyer.order(product);
            if (isHeld(answer)) known.set(buyer, answer.body.orders[0].id); // 200: chat died before it said so
            else assertLost(answer);
        } catch (error) {
            if (error instanceof assert.AssertionError) throw error;
            broken++;
        }
        if (known.size >= killAt && !chat.ended) chat.kill('SIGKILL');
    });
    return broken;
}

test(`K1, K6, pitfall 1: the same, and chat is killed at ${KILL_AT.join(', ')} orders`, async (t) => {
    const sale = await openSale(t);
    const { seller, product, buyers } = sale;
    let { chat } = sale;
    const known = new Map(); // buyer → order that was acknowledged
    const stopObserving = observe(seller, product);
    for (const killAt of KILL_AT) {
        const broken = await rush(chat, { buyers: buyers.filter((buyer) => !known.has(buyer)), product, known }, killAt);
        await chat.end();
        assert.ok(broken > 0, `nobody was cut off at ${killAt} orders`);
        t.diagnostic(`killed with ${known.size} orders acknowledged, ${broken} buyers without an answer`);
        chat = await startService(t, 'chat', { site: chat.site, flags: { 'http.per_address': -1 } });
        const { reserved } = await countsOf(seller);
        assert.ok(killAt > 1 || known.size < STOCK, 'it was over before chat died');
        assert.ok(reserved >= known.size, `${known.size} were acknowledged, ${reserved} are there`);
        for (const [buyer, id] of known) {
            const { status, body } = await buyer.ask('GET', `/api/v1/orders/${id}`);
            assert.deepEqual([status, body.id, body.state, body.lines?.[0].quantity], [200, id, 'pending', 1]);
        }
    }
    const answers = await allAtOnce(buyers, (buyer) => buyer.order(product));
    await stopObserving();
    const held = answers.filter(isHeld);
    assert.equal(held.length, STOCK);
    assert.equal(new Set(held.map(({ body }) => body.orders[0].id)).size, STOCK);
    answers.forEach((answer, i) => {
        if (known.has(buyers[i])) assert.deepEqual([answer.status, answer.body.orders?.[0].id], [200, known.get(buyers[i])]);
        else if (!isHeld(answer)) assertLost(answer);
    });
    await assertAllReserved(seller);
});
