/** Inside of rtc/dtls.h: what dtls.c and dtls_identity.c share. */
#ifndef JT_RTC_DTLS_IDENTITY_H
#define JT_RTC_DTLS_IDENTITY_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/base.h"
#include "rtc/dtls.h"

struct jt_dtls_identity {
    SSL_CTX *ctx;
    char fingerprint[JT_DTLS_FINGERPRINT_TEXT_BYTES];
};

/** SHA-256 over the DER of a certificate. */
JT_MUST_CHECK int jt_dtls_certificate_digest(const X509 *certificate,
                                             uint8_t out[JT_DTLS_FINGERPRINT_BYTES]);

/* Called out of the handshake with the SSL object's owner. */

/** The peer showed this certificate (leaf). Returns whether to go on. */
bool jt_dtls_on_certificate(struct jt_dtls *dtls, const X509 *certificate);
/** The peer offered no SRTP profile of ours; the handshake is about to be refused. */
void jt_dtls_on_no_srtp_profile(struct jt_dtls *dtls);

#endif
