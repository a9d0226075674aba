#include "base/json.h"

bool jt_json_is_flat(const char *json, size_t size, int depth_max)
{
    bool in_string = false;
    int depth = 0;

    for (size_t i = 0; i < size; i++) {
        if (in_string) {
            if (json[i] == '\\')
                i++;
            else if (json[i] == '"')
                in_string = false;
        } else if (json[i] == '"') {
            in_string = true;
        } else if (json[i] == '{' || json[i] == '[') {
            if (++depth > depth_max)
                return false;
        } else if (json[i] == '}' || json[i] == ']') {
            depth--;
        }
    }
    return true;
}
