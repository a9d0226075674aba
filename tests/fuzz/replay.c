/* Replays a folder of inputs through a fuzz target without libFuzzer, so that every build runs the corpus. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { INPUT_MAX_BYTES = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *folder, const char *name)
{
    char path[4096];
    uint8_t *data =
        malloc(INPUT_MAX_BYTES); /* on the heap and cut to size: ASan sees one byte too far */
    size_t size;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "rb");
    if (!file || !data)
        abort();
    size = fread(data, 1, INPUT_MAX_BYTES, file);
    (void)fclose(file);
    data = realloc(data, size ? size : 1);
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 1;
}

int main(int argc, char **argv)
{
    DIR *folder = argc > 1 ? opendir(argv[1]) : NULL;
    struct dirent *entry;
    int inputs = 0;

    if (!folder) {
        (void)fprintf(stderr, "no corpus folder\n");
        return 1;
    }
    while ((entry = readdir(folder)))
        if (entry->d_name[0] != '.')
            inputs += replay_file(argv[1], entry->d_name);
    (void)closedir(folder);
    printf("%d inputs\n", inputs);
    return inputs > 0 ? 0 : 1;
}
