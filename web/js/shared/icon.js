// Line drawings on a 24 grid. They never stand alone: a word or an aria-label is beside them.
import { html } from 'htm/preact';

const PATHS = {
  bag: 'M5 8h14l-1 12H6zM9 8V6a3 3 0 0 1 6 0v2',
  back: 'M15 5l-7 7 7 7',
  bell: 'M6 17V11a6 6 0 0 1 12 0v6l1.5 2h-15zM10 21h4',
  box: 'M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8',
  camera: 'M4 8h3l2-3h6l2 3h3v11H4zM12 16.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7',
  chat: 'M4 5h16v11H9l-5 4z',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  close: 'M6 6l12 12M18 6L6 18',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  down: 'M6 9l6 6 6-6',
  edit: 'M4 20l1-5L16 4l4 4L9 19z',
  eye: 'M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6',
  heart: 'M12 20s-8-5-8-11a4.5 4.5 0 0 1 8-2.8A4.5 4.5 0 0 1 20 9c0 6-8 11-8 11z',
  home: 'M4 11l8-7 8 7v9h-5v-6H9v6H4z',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M12 11v5M12 7.5v.5',
  key: 'M15 13a5 5 0 1 0-4.6-3L4 16.5V20h4v-3h3v-3l1-1a5 5 0 0 0 3 0M16 8v.2',
  list: 'M8 6h12M8 12h12M8 18h12M4 6v.1M4 12v.1M4 18v.1',
  megaphone: 'M4 10v4h3l8 4V6l-8 4zM18 9a4 4 0 0 1 0 6',
  mute: 'M4 9v6h4l5 4V5L8 9zM16 9l5 6M21 9l-5 6',
  orders: 'M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6',
  pin: 'M9 3h6l-1 6 3 4H7l3-4zM12 13v8',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  power: 'M12 3v9M7 6a8 8 0 1 0 10 0',
  send: 'M4 12l16-8-6 16-3-7z',
  settings: 'M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6M4 12h2M18 12h2M12 4v2M12 18v2M6.5 6.5l1.4 1.4M16.1 16.1l1.4 1.4M17.5 6.5l-1.4 1.4M7.9 16.1l-1.4 1.4',
  share: 'M12 15V4M8 8l4-4 4 4M5 13v7h14v-7',
  snow: 'M12 3v18M4 7.5l16 9M20 7.5l-16 9',
  sound: 'M4 9v6h4l5 4V5L8 9zM16 8a6 6 0 0 1 0 8M18.5 5.5a9 9 0 0 1 0 13',
  store: 'M4 9l2-5h12l2 5M4 9v11h16V9M4 9a2.7 2.7 0 0 0 5.3 0 2.7 2.7 0 0 0 5.4 0A2.7 2.7 0 0 0 20 9M10 20v-6h4v6',
  text: 'M3 19L9 5l6 14M5 15h8M16 19l3-7 3 7M17 17h4',
  warning: 'M12 4l9 16H3zM12 10v5M12 17.5v.1',
};

export function Icon({ name, isFilled }) {
  return html`<svg class=${`icon ${isFilled ? 'filled' : ''}`} viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
}
