// The cart, and what a checkout is made of.
import { useEffect, useState } from 'preact/hooks';
import { get, put, session } from '../shared/api.js';
import { optionOf } from '../shared/goods.js';

const EMPTY = { items: [], total_won: 0 };

/** {cart, load, set(variant, quantity), add(variant, quantity)}. */
export function useCart(isWanted) {
  const [cart, setCart] = useState(EMPTY);
  const load = async () => {
    const who = await session();
    if (who.csrf) setCart(await get('/cart'));
  };
  const set = async (variant, quantity) => {
    const answer = await put(`/cart/items/${variant}`, { quantity });
    if (answer?.items) setCart(answer);
    else await load();
  };
  const add = (variant, quantity) => set(variant, quantity + (cart.items.find((item) => item.variant === variant)?.quantity ?? 0));
  useEffect(() => {
    if (isWanted) load().catch(() => {}); // an empty cart until the next time
  }, [isWanted]);
  return { cart, load, set, add };
}

export const countOf = (cart) => cart.items.reduce((sum, item) => sum + item.quantity, 0);

/** A checkout's line of a product bought at once. */
export const lineOfProduct = (show, product, variant, quantity) => ({
  variant: variant.id, shop: show.shop, name: product.name, option: optionOf(variant), quantity, price_won: variant.price_won, terms: product.terms,
});

/** The checkout's lines of what is in the cart; the terms as the show's products have them. */
export const linesOfCart = (cart, products) => cart.items.map(({ variant, product, shop, name, option, quantity, price_won }) => ({
  variant, shop, name, option, quantity, price_won, terms: products.find(({ id }) => id === product)?.terms ?? 'normal',
}));

/** [{shop, lines, goods_won}], one per seller: each becomes its own order. */
export function byShop(lines) {
  const groups = new Map();
  for (const line of lines) {
    const group = groups.get(line.shop.id) ?? { shop: line.shop, lines: [], goods_won: 0 };
    group.lines.push(line);
    group.goods_won += line.price_won * line.quantity;
    groups.set(line.shop.id, group);
  }
  return [...groups.values()];
}
