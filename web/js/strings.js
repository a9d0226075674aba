// Every word a person reads. Korean first, English second: equal keys (a test compares them).

const ko = {
  app: '장터',
  tagline: '동네 가게의 라이브',
  live: 'LIVE',
  watching: '{n}명 시청 중',
  shows_title: '지금 방송 중',
  shows_none: '지금은 방송 중인 가게가 없어요.',
  shows_none_hint: '방송이 시작되면 여기에 바로 나타나요.',
  shows_unreachable: '서버에 연결하지 못했어요. 다시 시도하고 있어요.',
  paused: '잠시 멈춤',
  back: '다른 방송 보기',
  connecting: '연결하고 있어요',
  connecting_hint: '잠시만 기다려 주세요.',
  needs_tap: '눌러서 시청하기',
  needs_tap_hint: '이 기기는 한 번 눌러야 재생돼요.',
  waiting: '잠시만요',
  waiting_hint: '판매자의 연결이 끊겼어요. 돌아오면 바로 이어져요.',
  stalled: '화면을 기다리고 있어요',
  stalled_hint: '네트워크가 느려요. 곧 이어져요.',
  reconnecting: '다시 연결하고 있어요',
  reconnecting_hint: '네트워크를 확인하고 있어요.',
  not_live: '아직 방송 전이에요',
  not_live_hint: '방송이 시작되면 자동으로 재생돼요.',
  ended: '방송이 끝났어요',
  ended_hint: '함께해 주셔서 고마워요.',
  full: '시청자가 가득 찼어요',
  full_hint: '자리가 나면 자동으로 들어가요.',
  unsupported: '이 기기에서는 재생할 수 없어요',
  unsupported_hint: '다른 브라우저로 열어 보세요.',
  b_frames: '판매자의 방송 설정 때문에 볼 수 없어요',
  b_frames_hint: '판매자가 설정을 바꾸면 자동으로 재생돼요.',
  sound_on: '소리 켜기',
  sound_off: '소리 끄기',
  play: '재생하기',
  retry: '다시 시도',
  video_label: '{name} 라이브 방송',
};

const en = {
  app: 'Jangteo',
  tagline: 'Live from the shops next door',
  live: 'LIVE',
  watching: '{n} watching',
  shows_title: 'Live now',
  shows_none: 'No shop is live right now.',
  shows_none_hint: 'A show appears here the moment it starts.',
  shows_unreachable: 'Could not reach the server. Trying again.',
  paused: 'Paused',
  back: 'Other shows',
  connecting: 'Connecting',
  connecting_hint: 'Just a moment.',
  needs_tap: 'Tap to watch',
  needs_tap_hint: 'This device wants a tap before it plays.',
  waiting: 'One moment, please',
  waiting_hint: 'The seller lost the connection. The show goes on as soon as they are back.',
  stalled: 'Waiting for the picture',
  stalled_hint: 'The network is slow. It goes on in a moment.',
  reconnecting: 'Reconnecting',
  reconnecting_hint: 'Checking the network.',
  not_live: 'Not live yet',
  not_live_hint: 'It plays by itself when the show starts.',
  ended: 'The show is over',
  ended_hint: 'Thank you for watching.',
  full: 'The show is full',
  full_hint: 'You get in by yourself when a place is free.',
  unsupported: 'This device cannot play the show',
  unsupported_hint: 'Try another browser.',
  b_frames: "The seller's encoder settings keep the picture from you",
  b_frames_hint: 'It plays by itself once they are changed.',
  sound_on: 'Sound on',
  sound_off: 'Sound off',
  play: 'Play',
  retry: 'Try again',
  video_label: 'Live show of {name}',
};

export const tables = { ko, en };

function choose() {
  const asked = new URLSearchParams(location.search).get('lang');
  if (asked in tables) return asked;
  return (navigator.languages ?? []).some((l) => l.toLowerCase().startsWith('ko')) ||
    !(navigator.languages ?? []).some((l) => l.toLowerCase().startsWith('en')) ? 'ko' : 'en';
}

export const language = typeof location === 'undefined' ? 'ko' : choose();

/** The words for `key`, with {names} filled in. */
export function t(key, values = {}) {
  return tables[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
