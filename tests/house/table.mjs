// Which folder may include what: the table of layers. CMakeLists.txt links by it, layers.mjs holds both against it.

const COMMON = ['base', 'wire', 'media', 'loop', 'net', 'token', 'http', 'hook', 'ring', 'rtc', 'whip', 'rtmp'];

/** Folder → our folders (besides itself) and libraries that its files may include. */
export const FOLDERS = {
    'common/base': { ours: [], libraries: ['inih'] },
    'common/wire': { ours: ['base'], libraries: [] },
    'common/media': { ours: ['base', 'wire'], libraries: [] },
    'common/loop': { ours: ['base'], libraries: ['libuv'] },
    'common/net': { ours: ['base', 'loop'], libraries: [] },
    'common/http': { ours: ['base', 'loop'], libraries: ['libwebsockets', 'openssl', 'jansson'] },
    'common/token': { ours: ['base'], libraries: ['openssl', 'sodium'] },
    'common/hook': { ours: ['base', 'loop', 'token'], libraries: ['openssl', 'curl'] },
    'common/ring': { ours: ['base', 'loop', 'net', 'media'], libraries: ['jansson'] },
    'common/rtc': { ours: ['base', 'loop', 'net', 'wire', 'media'], libraries: ['openssl', 'libsrtp2', 'ipsec-mb'] },
    'common/whip': { ours: ['base', 'loop', 'http', 'wire', 'media', 'rtc'], libraries: [] },
    'common/rtmp': { ours: ['base', 'wire', 'media', 'loop', 'net'], libraries: ['openssl'] },
    // Services include any of common, never each other.
    ingest: { ours: COMMON, libraries: ['jansson', 'openssl'] },
    'ingest/worker': { ours: COMMON, libraries: ['gstreamer', 'jansson'] },
    relay: { ours: COMMON, libraries: ['jansson', 'openssl'] },
    chat: { ours: COMMON, libraries: ['jansson', 'openssl', 'utf8proc'] },
    'chat/access': { ours: [...COMMON, 'chat/store'], libraries: ['jansson', 'openssl', 'sodium'] },
    'chat/store': { ours: COMMON, libraries: ['jansson', 'sqlite', 'libpq'] },
    'chat/room': { ours: [...COMMON, 'chat/access'], libraries: ['jansson', 'utf8proc'] },
    'chat/media': { ours: COMMON, libraries: ['jansson', 'openssl'] },
    'chat/live': {
        ours: [...COMMON, 'chat/access', 'chat/store', 'chat/room', 'chat/media'],
        libraries: ['jansson'],
    },
    'chat/picture': { ours: [...COMMON, 'chat/picture/decoder'], libraries: ['openssl'] }, // of the decoder only protocol.h
    'chat/picture/decoder': { ours: ['base'], libraries: ['gdk-pixbuf'] },
    'chat/api': {
        ours: [...COMMON, 'chat/access', 'chat/store', 'chat/room', 'chat/media', 'chat/live', 'chat/picture'],
        libraries: ['jansson', 'openssl'],
    },
};

/** What a service may include of its own subfolders: only their contracts, so the direction is written down here. */
export const SUBFOLDERS = { chat: ['chat/access', 'chat/store', 'chat/room', 'chat/media', 'chat/live', 'chat/picture', 'chat/api'], ingest: [], relay: [] };

/** Library → its headers, and its name in CMake (PkgConfig::NAME). */
export const LIBRARIES = {
    inih: { headers: /^ini\.h$/, target: /^inih$/ },
    libuv: { headers: /^uv(\.h|\/)/, target: /^libuv$/ },
    libwebsockets: { headers: /^libwebsockets(\.h|\/)/, target: /^libwebsockets$/ },
    openssl: { headers: /^openssl\//, target: /^openssl$/ },
    jansson: { headers: /^jansson\.h$/, target: /^jansson$/ },
    libsrtp2: { headers: /^srtp2?(\/|\.h)/, target: /^libsrtp2$/ },
    'ipsec-mb': { headers: /^(intel-)?ipsec-mb\.h$/, target: /^ipsec/i },
    gstreamer: { headers: /^(gst\/|glib|gio\/)/, target: /^gstreamer_/ },
    sodium: { headers: /^sodium(\.h|\/)/, target: /^libsodium$/ },
    utf8proc: { headers: /^utf8proc\.h$/, target: /^libutf8proc$/ },
    sqlite: { headers: /^sqlite3\.h$/, target: /^sqlite3$/ },
    libpq: { headers: /^(libpq-fe|postgres_ext)\.h$/, target: /^libpq$/ },
    curl: { headers: /^curl\//, target: /^libcurl$/ },
    'gdk-pixbuf': { headers: /^(gdk-pixbuf\/|glib|gio\/)/, target: /^gdk_pixbuf/ },
    nats: { headers: /^nats(\.h|\/)/, target: /^libnats$/ },
};

/** The C library and the kernel: everything else in <> has to be a library of the list above. */
export const SYSTEM =
    /^(assert|ctype|errno|fcntl|float|getopt|ifaddrs|inttypes|libgen|limits|locale|math|netdb|poll|pthread|sched|semaphore|setjmp|signal|spawn|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|syslog|threads|time|unistd|wchar|byteswap|endian|dirent|pwd|grp|immintrin|wmmintrin|cpuid)\.h$|^(sys|net|netinet|arpa|linux|asm|bits)\//;

/**
 * wire and media are pure: they use no socket, clock or thread. The types of addresses are only data, so
 * <netinet/in.h> is fine; the calls are not.
 */
export const PURE = ['common/wire', 'common/media'];
export const IMPURE = {
    headers: /^(sys\/(time|epoll|eventfd)|netdb|pthread|threads|time|poll|unistd|signal)\.h$|^base\/clock\.h$/,
    calls: /(?<![.>\w])(socket|bind|connect|accept4?|send(to|m?msg)?|recv(from|m?msg)?|poll|clock_gettime|gettimeofday|pthread_\w+|open|read|write)\(/,
};
