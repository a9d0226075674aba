// The viewer's page: /live/SHOW.
import { html } from 'htm/preact';
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ChatList, Compose, isStaff } from '../shared/chat.js';
import { isSoldOut } from '../shared/goods.js';
import { Icon } from '../shared/icon.js';
import { IdentitySheet } from '../shared/identity.js';
import { LargeButton, useLarge } from '../shared/look.js';
import { ModerationSheet } from '../shared/moderation.js';
import { toast, Toasts } from '../shared/toast.js';
import { language, t } from '../strings.js';
import { countOf, linesOfCart, lineOfProduct, useCart } from './cart.js';
import { CartSheet } from './cart-sheet.js';
import { Checkout } from './checkout.js';
import { OrderDone, OrdersSheet } from './done.js';
import { HeartButton, useHearts } from './hearts.js';
import { usePin } from './hold.js';
import { OptionSheet, ProductCard, ProductList, ProductsSheet } from './products.js';
import { useShow } from './show.js';
import { Card, SoundChip, usePlayer } from './stage.js';
import { Top } from './top.js';

document.documentElement.lang = language;
const name = decodeURIComponent(location.pathname.replace(/^\/live\//, ''));
const token = new URLSearchParams(location.hash.slice(1)).get('play') ?? undefined; // of a rehearsal

const WITH_SOUND = ['playing', 'stalled', 'waiting', 'reconnecting']; // in other states there is none to turn on
const NOT_PLAYED = { loading: 'loading', unreachable: 'reconnecting', none: 'none', scheduled: 'scheduled', ready: 'scheduled', ended: 'ended' };

/* What the page is about to say instead of a picture, or undefined: then the player speaks. */
const cardOf = (kind, show) => (kind === 'bare' ? undefined : kind !== 'show' ? NOT_PLAYED[kind] : show.state === 'ready' && token ? undefined : NOT_PLAYED[show.state]);

function Sheets({ sheet, go, show, cart, socket }) {
  const back = () => go(null);
  const product = show.products.find(({ id }) => id === sheet.product);
  const onIdentity = () => go({ name: 'identity', shop: show.shop.id, from: sheet });
  const toCart = async (variant, quantity) => {
    await cart.add(variant.id, quantity);
    toast(t('in_cart'), 'good');
    go(null);
  };
  const toCheckout = (lines, isFromCart = false) => go({ name: 'checkout', lines, isFromCart });
  switch (sheet.name) {
    case 'products':
      return html`<${ProductsSheet} show=${show} onOpen=${(id) => go({ name: 'option', product: id, from: sheet })} onIdentity=${onIdentity} onClose=${back} />`;
    case 'option':
      return product && html`<${OptionSheet} key=${product.id} show=${show} product=${product} onCart=${toCart} onIdentity=${onIdentity} onClose=${back}
        onBack=${sheet.from && (() => go(sheet.from))} onBuy=${(variant, quantity) => toCheckout([lineOfProduct(show, product, variant, quantity)])} />`;
    case 'cart':
      return html`<${CartSheet} cart=${cart.cart} isStopped=${show.sales_stopped} onSet=${cart.set} onProducts=${() => go({ name: 'products' })}
        onOrders=${() => go({ name: 'orders', from: sheet })} onCheckout=${() => toCheckout(linesOfCart(cart.cart, show.products), true)} onClose=${back} />`;
    case 'checkout':
      return html`<${Checkout} lines=${sheet.lines} isFromCart=${sheet.isFromCart} showId=${show.id} onClose=${back} onStale=${() => (cart.load().catch(() => {}), go({ name: 'cart' }))}
        onDone=${(orders) => (cart.load().catch(() => {}), go({ name: 'done', orders }))} />`;
    case 'done':
      return html`<${OrderDone} orders=${sheet.orders} onClose=${back} />`;
    case 'orders':
      return html`<${OrdersSheet} onBack=${() => go(sheet.from)} onClose=${back} />`;
    case 'identity':
      return html`<${IdentitySheet} shopId=${sheet.shop} onClose=${() => go(sheet.from ?? null)} />`;
    default:
      return html`<${ModerationSheet} message=${sheet.message} socket=${socket} onClose=${back} />`;
  }
}

function Talk({ show, socket, channel, onMenu }) {
  return html`
    <section class="talk" aria-label=${t('chat')}>
      ${channel && html`<${ChatList} channel=${channel} onMenu=${isStaff(channel.you?.role) ? onMenu : undefined} />`}
      ${socket?.state === 'broken' && html`<p class="broken" role="status">${t('chat_broken')}</p>`}
      ${socket?.state === 'closed' && html`<p class="broken" role="status">${t('chat_closed')}</p>`}
    </section>`;
}

/** What stands over the lower half of the picture, from the notice of a product down to the line to write in. */
function Bottom({ show, socket, player, channel, cart, go, setWriting }) {
  const hearts = useHearts(socket, channel?.gauge.hearts ?? show.hearts);
  const pin = usePin(show.pin, channel?.entry('pin'), player.player);
  const product = show.products.find(({ id }) => id === pin) ?? show.products.find((one) => !isSoldOut(one)) ?? show.products[0];
  return html`
    <div class="bottom">
      <div class="bottom-main">
        ${product && html`<${ProductCard} show=${show} product=${product} isPinned=${product.id === pin} onOpen=${(id) => go({ name: 'option', product: id })} />`}
        <div class="line">
          <button type="button" class="round bag" onClick=${() => go({ name: 'products' })} aria-label=${t('products_of', { n: show.products.length })}>
            <${Icon} name="list" /><span class="round-words">${t('products')}</span></button>
          <button type="button" class="round bag cart-open" onClick=${() => go({ name: 'cart' })} aria-label=${t('cart_of', { n: countOf(cart.cart) })}>
            <${Icon} name="bag" />${countOf(cart.cart) > 0 && html`<span class="count-dot">${countOf(cart.cart)}</span>`}<span class="round-words">${t('cart')}</span></button>
          ${socket && html`<${Compose} socket=${socket} isFrozen=${show.chat_frozen && !isStaff(channel.you?.role)} onWriting=${setWriting} />`}
          <${HeartButton} hearts=${hearts} />
        </div>
      </div>
    </div>`;
}

function Live() {
  const [sheet, go] = useState(null);
  const [isLarge, toggleLarge] = useLarge();
  const [isWriting, setWriting] = useState(false);
  const { kind, show, socket, channel } = useShow(name, (pushes) => {
    for (const { ch, e, d } of pushes) if (ch === 'me' && e === 'order' && d.state !== 'pending') toast(t('order_changed'), 'good');
  });
  const card = cardOf(kind, show);
  const player = usePlayer(name, card === undefined, token);
  const cart = useCart(kind === 'show');
  const state = card ?? player.state;
  const isPlaying = state === 'playing';
  const title = show?.title ?? name;
  useEffect(() => {
    document.title = `${title} · ${t('app')}`;
  }, [title]);
  return html`
    <main class=${`live ${show ? 'with-shop' : ''} ${sheet ? 'under-sheet' : ''} ${isWriting ? 'writing' : ''}`}>
      ${show && html`<aside class="side" aria-label=${t('products')}><h2>${t('products')}</h2><${ProductList} show=${show} onOpen=${(id) => go({ name: 'option', product: id })} /></aside>`}
      <div class="stage" data-state=${state}>
        ${player.element(t('video_label', { name: title }))}
        <${Top} show=${show} name=${name} isLive=${isPlaying || state === 'stalled' || (show?.state === 'live' && state !== 'ended')}
          viewers=${channel?.gauge.viewers ?? show?.viewers ?? player.viewers} large=${show && html`<${LargeButton} isLarge=${isLarge} onToggle=${toggleLarge} />`}
          onIdentity=${() => go({ name: 'identity', shop: show.shop.id })}>
          ${WITH_SOUND.includes(state) && html`<${SoundChip} video=${player.video} muted=${player.muted} />`}
        <//>
        ${!isPlaying && html`<${Card} state=${state} startsAt=${show?.starts_at} onRetry=${() => player.player.retry()} onPlay=${() => player.player.play()} />`}
        ${isPlaying && player.paused && html`<button class="button play" onClick=${() => player.player.play()}>${t('play')}</button>`}
        ${show && html`<${Bottom} ...${{ show, socket, player, channel, cart, go, setWriting }} />`}
      </div>
      ${show && html`<${Talk} show=${show} socket=${socket} channel=${channel} onMenu=${(message) => go({ name: 'moderation', message })} />`}
      ${sheet && html`<${Sheets} ...${{ sheet, go, show, cart, socket }} />`}
      <${Toasts} />
    </main>`;
}

render(html`<${Live} />`, document.getElementById('app'));
