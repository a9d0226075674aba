// Somebody who speaks to the API as a page does: keeps the cookie, sends the session's token with every change. Tests have
// their own, which looks at refusals, too.
export class Person {
    constructor(front) {
        this.front = front;
        this.cookie = '';
        this.session = {};
    }

    async ask(method, path, content, headers = {}) {
        const isBytes = content instanceof Uint8Array;
        const answer = await fetch(this.front + path, {
            method,
            headers: {
                'content-type': isBytes ? 'image/jpeg' : 'application/json',
                origin: this.front,
                ...(this.cookie && { cookie: this.cookie }),
                ...(this.session.csrf && { 'x-csrf-token': this.session.csrf }),
                ...headers,
            },
            body: method === 'GET' ? undefined : isBytes ? content : JSON.stringify(content ?? {}),
        });
        const cookie = answer.headers.get('set-cookie');
        if (cookie) this.cookie = cookie.split(';')[0];
        const text = await answer.text();
        if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
        return text && JSON.parse(text);
    }

    get = (path) => this.ask('GET', path);
    post = (path, content, headers) => this.ask('POST', path, content, headers);
    put = (path, content) => this.ask('PUT', path, content);

    async begin(path, content) {
        this.session = await this.post(path, content);
        return this;
    }

    signIn = ({ login, password }) => this.begin('/api/v1/session', { login, password });
    becomeGuest = () => this.begin('/api/v1/guests', {});

    async accept(link, { login, password }, name) {
        return this.begin('/api/v1/invites/accept', { token: link.split('#invite=')[1], login, password, name });
    }
}
