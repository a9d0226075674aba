#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

#include "client.h"

enum { VIEWERS_MAX = 4000 };

static const struct option longs[] = {
    {"url", 1, NULL, 'u'},     {"viewers", 1, NULL, 'n'}, {"seconds", 1, NULL, 's'},
    {"loss", 1, NULL, 'l'},    {"seed", 1, NULL, 'r'},    {"sample", 1, NULL, 'p'},
    {"twcc-ms", 1, NULL, 't'}, {"gro", 0, NULL, 'g'},     {"join-rate", 1, NULL, 'j'},
    {"unix", 1, NULL, 'x'},    {"events", 0, NULL, 'e'},  {"forward", 1, NULL, 'f'},
    {"token", 1, NULL, 'k'},   {NULL, 0, NULL, 0},
};

static int set_number(struct options *options, int option, const char *text)
{
    int value = atoi(text);

    switch (option) {
    case 'n':
        options->viewers = value;
        return 0;
    case 's':
        options->seconds = value;
        return 0;
    case 'l':
        options->loss_percent = value;
        return 0;
    case 'r':
        options->seed = (unsigned)value;
        return 0;
    case 'p':
        options->sample = value;
        return 0;
    case 't':
        options->twcc_ms = value;
        return 0;
    case 'f':
        options->forward_port = value;
        return 0;
    case 'j':
        options->join_rate = value;
        return 0;
    default:
        return -EINVAL;
    }
}

int options_parse(int argc, char **argv, struct options *out)
{
    const char *unix_path = NULL, *token = NULL;
    int option, err = 0;

    *out = (struct options){.viewers = 1, .seconds = 10, .seed = 1, .sample = 1};
    while (!err && (option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        if (option == 'u')
            err = url_parse(optarg, &out->url);
        else if (option == 'x')
            unix_path = optarg;
        else if (option == 'k')
            token = optarg;
        else if (option == 'g')
            out->gro = true;
        else if (option == 'e')
            out->events = true;
        else
            err = set_number(out, option, optarg);
    }
    out->url.unix_path = unix_path;
    out->url.token = token;
    if (err || !out->url.port || out->viewers < 1 || out->viewers > VIEWERS_MAX || out->sample < 1)
        return -EINVAL;
    return 0;
}
