// A WHEP player session (draft-ietf-wish-whep): one peer connection, receive only. Knows no page.

const ANSWER_TIMEOUT_MS = 8000;

/** Refused by the server: `status`, `code` of its problem+json, seconds to wait. */
export class WhepRefused extends Error {
  constructor(status, code, retryAfter) {
    super(`${status} ${code}`);
    Object.assign(this, { status, code, retryAfter });
  }
}

/* Browsers decode stereo Opus only if their own offer says so (RFC 7587 §6.1). */
function withStereo(sdp) {
  const payload = /a=rtpmap:(\d+) opus\/48000/i.exec(sdp)?.[1];
  return payload ? sdp.replace(new RegExp(`(a=fmtp:${payload} [^\r\n]*)`), '$1;stereo=1') : sdp;
}

async function refusal(response) {
  let code = 'unknown';
  try {
    code = (await response.json()).code ?? code;
  } catch { /* not problem+json: the status says enough */ }
  return new WhepRefused(response.status, code, Number(response.headers.get('retry-after')) || 0);
}

export class WhepSession {
  #connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  #resource = null;
  #closed = false;
  #headers;
  stream = new MediaStream();

  /** `onState` gets the connection's states ("connected", "disconnected", "failed", …). `token`: for a show that is not public. */
  constructor(url, onState, token) {
    this.url = url;
    this.#headers = token ? { Authorization: `Bearer ${token}` } : {};
    const pc = this.#connection;
    pc.addTransceiver('video', { direction: 'recvonly' });
    pc.addTransceiver('audio', { direction: 'recvonly' });
    pc.ontrack = ({ track }) => this.stream.addTrack(track);
    pc.onconnectionstatechange = () => !this.#closed && onState(pc.connectionState);
  }

  /** Resolves when the answer is in; throws WhepRefused, or another error when the server is out of reach. */
  async start() {
    const pc = this.#connection;
    const offer = await pc.createOffer();
    await pc.setLocalDescription({ type: 'offer', sdp: withStereo(offer.sdp) });
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp', ...this.#headers },
      body: pc.localDescription.sdp, // our candidates need not be in it: the server answers where checks come from
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    if (response.status !== 201) throw await refusal(response);
    this.#resource = new URL(response.headers.get('location'), response.url).href;
    if (this.#closed) return this.#leave();
    await pc.setRemoteDescription({ type: 'answer', sdp: await response.text() });
  }

  getStats() {
    return this.#connection.getStats();
  }

  #leave() {
    const resource = this.#resource;
    this.#resource = null;
    // keepalive: also while the page goes away
    if (resource) fetch(resource, { method: 'DELETE', keepalive: true, headers: this.#headers }).catch(() => {});
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection.close();
    this.#leave();
  }
}
