#include "chat/live/person.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void live_person_write(int64_t account_id, char out[ROOM_PERSON_MAX_BYTES + 1])
{
    (void)snprintf(out, ROOM_PERSON_MAX_BYTES + 1, "%" PRId64, account_id);
}

int64_t live_person_read(const char *person)
{
    char *end;
    int64_t id = strtoll(person, &end, 10);

    return *person && !*end && id > 0 ? id : 0;
}
