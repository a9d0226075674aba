// Draws the demo's product pictures, once: node draw.mjs writes NAME.svg. The JPEGs beside were made of them by Chromium.
import { writeFileSync } from 'node:fs';

const ground = (top, bottom, table) => `
  <defs>
    <linearGradient id="wall" x2="0" y2="1"><stop stop-color="${top}"/><stop offset="1" stop-color="${bottom}"/></linearGradient>
    <radialGradient id="light" cx=".35" cy=".3" r=".8"><stop stop-color="#fff" stop-opacity=".55"/><stop offset=".5" stop-color="#fff" stop-opacity="0"/></radialGradient>
    <filter id="soft" x="-20%" y="-20%" width="140%" height="140%"><feGaussianBlur stdDeviation="14"/></filter>
  </defs>
  <rect width="720" height="720" fill="url(#wall)"/>
  <rect y="500" width="720" height="220" fill="${table}"/>
  <rect y="500" width="720" height="10" fill="#000" opacity=".06"/>`;
const shadow = (x, y, rx, ry = rx / 4) => `<ellipse cx="${x}" cy="${y}" rx="${rx}" ry="${ry}" fill="#000" opacity=".28" filter="url(#soft)"/>`;
const many = (count, draw) => Array.from({ length: count }, (_, i) => draw(i)).join('');

const tangerine = (x, y, r) => `
  <circle cx="${x}" cy="${y}" r="${r}" fill="#f28a1d"/>
  <path d="M${x - r * 0.3} ${y - r * 0.86} q${r * 0.3} ${-r * 0.45} ${r * 0.6} 0 z" fill="#f59a35"/>
  ${many(26, (i) => `<circle cx="${x + Math.cos(i * 2.4) * r * 0.17 * Math.sqrt(i)}" cy="${y + Math.sin(i * 2.4) * r * 0.17 * Math.sqrt(i)}" r="3" fill="#d9730f" opacity=".5"/>`)}
  <circle cx="${x}" cy="${y}" r="${r}" fill="url(#light)"/>
  <path d="M${x} ${y - r * 1.05} q${r * 0.1} ${-r * 0.35} ${r * 0.55} ${-r * 0.3} q${-r * 0.1} ${r * 0.4} ${-r * 0.55} ${r * 0.3}" fill="#3f8a3a"/>
  <rect x="${x - 5}" y="${y - r * 1.18}" width="10" height="${r * 0.2}" rx="4" fill="#5d6b2b"/>`;

const jar = (x, y, w, h, fill, label, lid = '#b98a4a') => `
  <rect x="${x - w / 2}" y="${y - h}" width="${w}" height="${h}" rx="34" fill="${fill}"/>
  <rect x="${x - w / 2 + 16}" y="${y - h + 24}" width="22" height="${h - 60}" rx="11" fill="#fff" opacity=".35"/>
  <rect x="${x - w / 2 - 6}" y="${y - h - 40}" width="${w + 12}" height="62" rx="14" fill="${lid}"/>
  <rect x="${x - w / 2}" y="${y - h * 0.66}" width="${w}" height="${h * 0.4}" fill="#fff8ea"/>
  <text x="${x}" y="${y - h * 0.41}" font-family="Noto Sans CJK KR" font-weight="700" font-size="${h * 0.17}" text-anchor="middle" fill="#5b3a17">${label}</text>`;

const pictures = {
    hallabong: ground('#fdf1d8', '#f9d9a0', '#c98d52') + shadow(360, 560, 260, 46) + tangerine(220, 420, 118) + tangerine(500, 420, 118) + tangerine(360, 455, 138) + tangerine(356, 262, 112),
    gim: ground('#e9f0ea', '#c7d9cb', '#8b6a4b') + shadow(360, 590, 250, 40) + `<rect x="130" y="470" width="460" height="110" rx="18" fill="#d7b98f"/><rect x="130" y="470" width="460" height="22" rx="11" fill="#c5a274"/>` +
        many(7, (i) => `<g transform="rotate(${-14 + i * 4.5} 360 560)"><rect x="${168 + i * 44}" y="${190 + (i % 2) * 22}" width="118" height="300" rx="8" fill="#16291c"/><rect x="${168 + i * 44}" y="${190 + (i % 2) * 22}" width="118" height="300" rx="8" fill="#2e5138" opacity="${0.2 + i * 0.08}"/>${many(14, (k) => `<circle cx="${180 + i * 44 + ((k * 37) % 96)}" cy="${210 + (i % 2) * 22 + ((k * 61) % 260)}" r="4" fill="#f4ead2"/>`)}</g>`),
    sesame: ground('#fbf3e4', '#ecd9b5', '#a8763e') + shadow(360, 600, 150, 34) + `<path d="M310 170 h100 v90 q78 40 78 130 v190 q0 28 -28 28 h-200 q-28 0 -28 -28 v-190 q0 -90 78 -130z" fill="#8a4a12"/><path d="M318 300 q-70 30 -70 110 v160 q0 16 18 16 h60 z" fill="#fff" opacity=".16"/><rect x="302" y="118" width="116" height="66" rx="12" fill="#2d1d10"/><rect x="232" y="390" width="256" height="130" fill="#fff6e0"/><text x="360" y="475" font-family="Noto Sans CJK KR" font-weight="700" font-size="62" text-anchor="middle" fill="#7a3d0c">참기름</text>` +
        many(40, (i) => `<ellipse cx="${90 + ((i * 97) % 540)}" cy="${620 + ((i * 53) % 80)}" rx="9" ry="6" fill="#f3e2b8" transform="rotate(${i * 31} ${90 + ((i * 97) % 540)} ${620 + ((i * 53) % 80)})"/>`),
    tteok: ground('#fdeef0', '#f4d3d8', '#9c6b53') + shadow(360, 580, 280, 40) + `<ellipse cx="360" cy="560" rx="290" ry="60" fill="#6b4230"/><ellipse cx="360" cy="548" rx="276" ry="50" fill="#7d4f3a"/>` +
        [[210, 500, '#f7f3ea'], [330, 515, '#f5b9c4'], [455, 500, '#b9d4a0'], [540, 525, '#f7f3ea'], [270, 440, '#b9d4a0'], [395, 445, '#f7f3ea'], [500, 435, '#f5b9c4'], [335, 378, '#f5b9c4'], [440, 378, '#b9d4a0']].map(([x, y, c]) => `<path d="M${x - 66} ${y} q6 -74 66 -74 q60 0 66 74 q-66 22 -132 0z" fill="${c}"/><path d="M${x - 42} ${y - 20} q8 -36 40 -42" stroke="#fff" stroke-width="9" stroke-linecap="round" fill="none" opacity=".7"/>`).join(''),
    mackerel: ground('#e4f1f6', '#b9d7e4', '#7f9aa6') + `<rect x="70" y="420" width="580" height="200" rx="24" fill="#e9d9be"/><rect x="70" y="420" width="580" height="200" rx="24" fill="none" stroke="#d1bb95" stroke-width="6"/>` +
        many(2, (i) => `<g transform="translate(0 ${i * 96 - 20}) rotate(${i ? 2 : -3} 360 460)"><path d="M120 470 q110 -86 330 -40 l110 -50 q-22 58 0 104 l-112 -36 q-210 78 -328 22z" fill="#40647a"/><path d="M128 478 q110 42 320 -8 q-200 84 -320 8z" fill="#dfe9ee"/>${many(7, (k) => `<path d="M${220 + k * 32} ${436 + (k % 2) * 4} q14 12 4 30" stroke="#1f3c4e" stroke-width="7" fill="none"/>`)}<circle cx="166" cy="466" r="9" fill="#fff"/><circle cx="166" cy="466" r="5" fill="#111"/></g>`),
    miyeok: ground('#e6f2ea', '#bcd8c6', '#98795a') + shadow(360, 610, 240, 40) + `<path d="M150 520 q210 -56 420 0 q-30 110 -210 110 t-210 -110z" fill="#f6efe2"/><ellipse cx="360" cy="520" rx="210" ry="44" fill="#e7dbc6"/>` +
        many(9, (i) => `<path d="M${200 + i * 38} 540 q${-50 + i * 9} ${-120 - (i % 3) * 30} ${(i % 2 ? 30 : -30)} ${-220 - (i % 3) * 36}" stroke="${i % 2 ? '#24493a' : '#376650'}" stroke-width="${34 - (i % 3) * 4}" stroke-linecap="round" fill="none"/>`),
    honey: ground('#fff6dc', '#fbe0a0', '#a9713a') + shadow(360, 610, 170, 36) + jar(360, 600, 270, 360, '#e59a12', '아카시아꿀') + `<path d="M520 250 l70 -90" stroke="#8a5a26" stroke-width="16" stroke-linecap="round"/><ellipse cx="500" cy="276" rx="34" ry="48" transform="rotate(38 500 276)" fill="#b07a36"/>${many(4, (i) => `<path d="M${474 + i * 6} ${258 + i * 12} l44 34" stroke="#7b4f1e" stroke-width="5"/>`)}`,
    cup: ground('#eef1f0', '#d3dcd9', '#7e6a58') + shadow(370, 590, 200, 36) + `<path d="M210 300 h270 q0 210 -46 268 q-20 22 -90 22 t-90 -22 q-44 -58 -44 -268z" fill="#7fa79b"/><path d="M476 350 q104 -14 96 82 q-6 74 -112 78" stroke="#6d9488" stroke-width="30" fill="none"/><ellipse cx="345" cy="300" rx="135" ry="30" fill="#5f867b"/><ellipse cx="345" cy="306" rx="116" ry="22" fill="#3d2a1c"/><path d="M236 340 q2 150 30 208" stroke="#fff" stroke-width="16" opacity=".3" fill="none" stroke-linecap="round"/>` +
        many(3, (i) => `<path d="M${290 + i * 52} 262 q-26 -40 0 -76 q22 -34 0 -70" stroke="#fff" stroke-width="10" opacity=".7" fill="none" stroke-linecap="round"/>`),
    pouch: ground('#f4ecf4', '#dccbe0', '#a3866b') + shadow(360, 600, 250, 36) + `<rect x="140" y="290" width="440" height="300" rx="40" fill="#8d5f99"/>` +
        many(8, (i) => `<path d="M${170 + i * 54} 300 v280" stroke="#fff" stroke-width="3" stroke-dasharray="12 9" opacity=".6"/>`) + many(5, (i) => `<path d="M150 ${330 + i * 56} h420" stroke="#fff" stroke-width="3" stroke-dasharray="12 9" opacity=".6"/>`) + `<rect x="150" y="276" width="420" height="30" rx="12" fill="#5f3c6c"/><rect x="520" y="262" width="24" height="76" rx="10" fill="#e2b44c"/><circle cx="360" cy="440" r="52" fill="#f3d7dd"/>${many(5, (i) => `<ellipse cx="${360 + Math.cos(i * 1.2566) * 40}" cy="${440 + Math.sin(i * 1.2566) * 40}" rx="26" ry="26" fill="#fbeef1"/>`)}<circle cx="360" cy="440" r="18" fill="#e2b44c"/>`,
    kimchi: ground('#fdeae2', '#f3c7b3', '#8f5b3d') + shadow(360, 600, 260, 40) + `<path d="M110 470 h500 q-16 140 -250 140 t-250 -140z" fill="#6c4a34"/><ellipse cx="360" cy="470" rx="250" ry="52" fill="#553826"/>` +
        many(8, (i) => `<path d="M${170 + i * 52} ${470 - (i % 2) * 14} q-36 -110 20 -176 q52 54 26 176z" fill="${i % 2 ? '#e8553a' : '#d63c26'}"/><path d="M${186 + i * 52} ${452 - (i % 2) * 14} q-8 -70 6 -126" stroke="#fbe6c9" stroke-width="13" stroke-linecap="round" fill="none"/>`) + many(30, (i) => `<circle cx="${160 + ((i * 83) % 410)}" cy="${360 + ((i * 47) % 120)}" r="4" fill="#8f1d10"/>`),
};

for (const [name, content] of Object.entries(pictures)) {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 720" width="720" height="720">${content}</svg>`;
    writeFileSync(new URL(`${name}.svg`, import.meta.url), svg);
}
