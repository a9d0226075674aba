/* Pictures of products: chat/picture does the work; who may is decided before, as for every route. */
#include "chat/api/call.h"
#include "chat/api/handlers.h"
#include "chat/picture/routes.h"

static bool was_checked(void *arg, struct jt_http_request *request)
{
    (void)arg;
    (void)request;
    return true;
}

void api_picture_upload(struct api_call *call)
{
    struct picture_desk desk = {.store = call->parts->pictures, .may_upload = was_checked};

    picture_upload(&desk, call->request);
}

void api_picture_serve(struct api_call *call)
{
    struct picture_desk desk = {.store = call->parts->pictures, .may_upload = was_checked};

    picture_serve(&desk, call->request);
}
