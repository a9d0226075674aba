// A clock that programs can read off a picture: 32 black or white blocks of 40 x 40 pixels along the top of 1280 x 720.
// 24 bits of milliseconds since 1970 (they wrap after 4.6 hours), then 8 bits that check them.

export const WIDTH = 1280;
export const HEIGHT = 720;
export const BLOCK = 40;
export const BLOCKS = 32;
const TIME_BITS = 24;
const BLACK = 16; // luma, BT.601 limited range
const WHITE = 235;

const check = (time) => ((time >>> 16) ^ (time >>> 8) ^ time ^ 0xa5) & 0xff;

/** Draw the time into the luma plane at the start of `picture`. */
export function drawClock(picture, ms) {
    const time = ms % 2 ** TIME_BITS;
    const bits = time * 256 + check(time);
    const row = Buffer.alloc(WIDTH);
    for (let i = 0; i < BLOCKS; i++) {
        const isSet = Math.floor(bits / 2 ** (BLOCKS - 1 - i)) % 2;
        row.fill(isSet ? WHITE : BLACK, i * BLOCK, (i + 1) * BLOCK);
    }
    for (let y = 0; y < BLOCK; y++) row.copy(picture, y * WIDTH);
}

/**
 * Runs in the page (it is sent there as text). Milliseconds between the time in the picture and `nowMs`, or undefined
 * when the blocks can't be read.
 */
export function readClock(video, canvas, nowMs) {
    const columns = 32;
    const context = canvas.getContext('2d', { willReadFrequently: true });
    canvas.width = columns * 4;
    canvas.height = 4;
    context.drawImage(video, 0, 0, video.videoWidth, video.videoHeight / 18, 0, 0, canvas.width, canvas.height);
    const pixels = context.getImageData(0, 2, canvas.width, 1).data;
    let time = 0;
    let sum = 0;
    for (let i = 0; i < columns; i++) {
        const luma = pixels[(i * 4 + 2) * 4 + 1];
        if (luma > 90 && luma < 165) return undefined;
        if (i < 24) time = time * 2 + Number(luma > 128);
        else sum = sum * 2 + Number(luma > 128);
    }
    if (sum !== (((time >>> 16) ^ (time >>> 8) ^ time ^ 0xa5) & 0xff)) return undefined;
    const wrap = 2 ** 24;
    const behind = (((nowMs % wrap) - time) % wrap + wrap) % wrap;
    return behind > wrap / 2 ? behind - wrap : behind;
}
