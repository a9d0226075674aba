// Runs in a page before anything else: a peer connection that is up at once and brings a drawn picture, for tests of
// what stands around the picture. The real thing is tested by play.test.mjs.
export function fakeMedia() {
    const canvas = document.createElement('canvas');
    canvas.width = 360;
    canvas.height = 640;
    const draw = () => {
        const c = canvas.getContext('2d'), turn = performance.now() / 4000;
        const wash = c.createLinearGradient(0, 0, 0, 640);
        wash.addColorStop(0, '#b9a48c');
        wash.addColorStop(0.55, '#8d6f57');
        wash.addColorStop(1, '#4d3a2f');
        c.fillStyle = wash;
        c.fillRect(0, 0, 360, 640);
        c.fillStyle = '#d9c2a3';
        c.fillRect(0, 430, 360, 210);
        for (const [x, y, r] of [[95, 420, 58], [190, 440, 66], [275, 415, 54], [140, 350, 52], [235, 345, 50]]) {
            c.fillStyle = '#e9862a';
            c.beginPath();
            c.arc(x, y + Math.sin(turn + x) * 3, r, 0, 7);
            c.fill();
            c.fillStyle = '#f5ab57';
            c.beginPath();
            c.arc(x - r / 3, y - r / 3 + Math.sin(turn + x) * 3, r / 4, 0, 7);
            c.fill();
        }
    };
    draw();
    setInterval(draw, 100);
    window.RTCPeerConnection = class {
        connectionState = 'new';
        addTransceiver() {}
        async createOffer() {
            return { type: 'offer', sdp: 'v=0\r\n' };
        }
        async setLocalDescription(description) {
            this.localDescription = description;
        }
        async setRemoteDescription() {
            const [track] = canvas.captureStream(15).getVideoTracks();
            this.ontrack({ track });
            this.connectionState = 'connected';
            this.onconnectionstatechange?.();
        }
        async getStats() {
            return new Map();
        }
        close() {}
    };
}
