/* What the operator reads: who did what. */
#include "chat/api/call.h"
#include "chat/api/handlers.h"
#include "chat/store/audit.h"

enum { ROWS = 200 };

static void append(void *arg, const struct store_audit *row)
{
    (void)json_array_append_new(arg, json_pack("{s:I, s:I, s:s, s:s, s:s, s:s}", "id",
                                               (json_int_t)row->id, "at", (json_int_t)row->at_ms,
                                               "actor", row->actor, "operation", row->operation,
                                               "target", row->target, "reason", row->reason));
}

void api_audit_list(struct api_call *call)
{
    json_t *items = json_array();
    int err = store_audit_list(call->parts->store, 0, ROWS, append, items);

    api_answer_items(call, err, items);
}
