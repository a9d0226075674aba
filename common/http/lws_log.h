/** libwebsockets' own log lines as events of ours. */
#ifndef JT_HTTP_LWS_LOG_H
#define JT_HTTP_LWS_LOG_H

/** Process-wide; any thread, any number of times. Errors become `lws.error` (one a second),
 * warnings debug lines. */
void jt_http_lws_log_init(void);

#endif
