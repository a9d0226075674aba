#include "chat/room/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "chat/room/spelling.h"

enum {
    SOUNDS_PER_WORD = ROOM_WORD_MAX_CHARACTERS * 4,
    BEGINNINGS = 1024,
    SOUNDS_MIN = 2, /* one alone is no word */
    KEYBOARD_SOUNDS_MIN =
        4, /* shorter ones on the Latin keyboard are words of other languages: "qt", "tq" */
};

/* What every room has. A shop adds its own. */
static const char built_in[] =
    "시발\n씨발\n시팔\n씨팔\n쓰발\n씨빨\n시빨\n시벌\n씨벌\n씨부랄\n시부랄\n시바\n씨바\n쉬발\n시발놈"
    "\n씨발놈\n"
    "시발년\n씨발년\n시발새끼\n씨발새끼\n개새끼\n개색기\n개색끼\n개쉐이\n새끼야\n병신\n븅신\n"
    "빙신\n벙신\n병신아\n"
    "지랄\n지럴\n쥐랄\n좆\n좃까\n존나\n졸라게\n썅\n쌍년\n쌍놈\n창녀\n창년\n걸레년\n미친놈\n미친년\n"
    "느금마\n니미럴\n니미랄\n니애미\n니에미\n"
    "엠창\n애미뒤진\n애비뒤진\n닥쳐\n보지털\n자지털\n섹스하자\n강간\n"
    "ㅅㅂ\nㅆㅂ\nㅂㅅ\nㅄ\nㅈㄹ\nㄱㅅㄲ\nㅁㅊㄴ\nㅈㄴ\nㅗㅗ\n"
    "fuck\nfucking\nfucker\nshit\nbitch\nasshole\n"
    "+시발점\n+시발역\n+시발차\n+시발택시\n+시발자동차\n+다시발\n+역시발\n+혹시발\n+동시발\n+"
    "몇시발\n+잠시발\n+즉시발\n+수시발\n+"
    "임시발\n+표시발\n+도시발\n+시바견\n+시바이누\n+시바타\n+시바스\n+씨발라\n+아저씨발\n+날씨발\n+"
    "글씨발\n+택시바\n+접시바\n+다시바\n+역시바\n+"
    "잠시바\n+즉시바\n+혹시바\n+표시바\n+동시바\n+도시바\n+날씨바\n+글씨바\n+아저씨바\n+무지개새\n+"
    "번개새\n+날개새\n+베개새\n+조개새\n+"
    "개새로\n+시벌건\n+지랄탄\n+니미츠\n+미니미\n+어니미\n+한시바\n";

struct word {
    struct word *next;          /* of those that begin with the same sound */
    bool is_innocent, is_alone; /* alone: single jamo only */
    uint8_t count;
    uint8_t sounds[SOUNDS_PER_WORD];
};

struct room_words {
    struct word *beginnings[BEGINNINGS];
    size_t count;
};

/* Words by their first two sounds. */
static size_t beginning(int first, int second)
{
    return ((size_t)first * 31 + (size_t)second) % BEGINNINGS;
}

static int add_sounds(struct room_words *words, const struct room_sounds *sounds, bool is_innocent)
{
    struct word *word, **at;

    if (sounds->count < SOUNDS_MIN || sounds->count > SOUNDS_PER_WORD)
        return 0;
    if (words->count == ROOM_WORDS_MAX)
        return -EMSGSIZE;
    word = calloc(1, sizeof(*word));
    if (!word)
        return -ENOMEM;
    word->is_innocent = is_innocent;
    word->is_alone = true;
    word->count = (uint8_t)sounds->count;
    for (size_t i = 0; i < sounds->count; i++) {
        word->sounds[i] = sounds->sounds[i].sound;
        word->is_alone &= sounds->sounds[i].is_alone;
    }
    at = &words->beginnings[beginning(word->sounds[0], word->sounds[1])];
    word->next = *at;
    *at = word;
    words->count++;
    return 0;
}

static int add_line(struct room_words *words, const char *line, size_t size)
{
    char text[ROOM_WORD_MAX_CHARACTERS * JT_UTF8_MAX_BYTES + 1];
    bool is_innocent = size && *line == '+';
    struct room_sounds sounds;
    int n = room_text_clean(line + is_innocent, size - is_innocent, ROOM_WORD_MAX_CHARACTERS, text,
                            sizeof(text));

    if (n < 0)
        return n == -ENOMEM ? n : 0;
    room_spelling_read(text, ROOM_READ_HANGUL, &sounds);
    if (!sounds.count)
        room_spelling_read(text, ROOM_READ_LATIN, &sounds);
    return add_sounds(words, &sounds, is_innocent);
}

static int add_lines(struct room_words *words, const char *lines)
{
    int err = 0;

    while (!err && *lines) {
        size_t size = strcspn(lines, "\n");

        err = add_line(words, lines, size);
        lines += size + (lines[size] == '\n');
    }
    return err;
}

int room_words_new(const char *own, struct room_words **out)
{
    struct room_words *words;
    int err;

    if (own && strlen(own) > ROOM_WORDS_MAX_BYTES)
        return -EMSGSIZE;
    words = calloc(1, sizeof(*words));
    if (!words)
        return -ENOMEM;
    err = add_lines(words, built_in);
    if (!err && own)
        err = add_lines(words, own);
    if (err) {
        room_words_free(words);
        return err;
    }
    *out = words;
    return 0;
}

void room_words_free(struct room_words *words)
{
    if (!words)
        return;
    for (size_t i = 0; i < BEGINNINGS; i++)
        while (words->beginnings[i]) {
            struct word *word = words->beginnings[i];

            words->beginnings[i] = word->next;
            free(word);
        }
    free(words);
}

static const struct word *first_of(const struct room_words *words, const struct room_sounds *text,
                                   size_t at)
{
    if (at + SOUNDS_MIN > text->count)
        return NULL;
    return words->beginnings[beginning(text->sounds[at].sound, text->sounds[at + 1].sound)];
}

static bool is_equal(const struct word *word, const struct room_sounds *text, size_t at)
{
    if (word->count > text->count - at)
        return false;
    for (size_t i = 0; i < word->count; i++)
        if (text->sounds[at + i].sound != word->sounds[i] ||
            (word->is_alone && !text->sounds[at + i].is_alone))
            return false;
    return true;
}

static bool has_space(const struct room_sounds *text, size_t at, size_t count)
{
    for (size_t i = at + 1; i < at + count; i++)
        if (text->sounds[i].after_space)
            return true;
    return false;
}

/* Whole syllables, and over a space only whole words: "다시 발송" ends one and begins another. */
static bool is_hit(const struct word *word, const struct room_sounds *text, size_t at)
{
    const struct room_sound *first, *end;

    if (!is_equal(word, text, at))
        return false;
    first = &text->sounds[at];
    end = &text->sounds[at + word->count - 1];
    if (!end->ends)
        return false;
    if (word->sounds[0] >= ROOM_SOUND_LATIN)
        return first->begins_word;
    return !has_space(text, at, word->count) || (first->begins_word && end->ends_word);
}

/* Does [at, end) lie within an innocent word? That one begins here or up to a word's length before. */
static bool is_innocent(const struct room_words *words, const struct room_sounds *text, size_t at,
                        size_t end)
{
    size_t from = at > SOUNDS_PER_WORD ? at - SOUNDS_PER_WORD : 0;

    for (; from <= at; from++)
        for (const struct word *word = first_of(words, text, from); word; word = word->next)
            if (word->is_innocent && from + word->count >= end && is_equal(word, text, from) &&
                !has_space(text, from, word->count))
                return true;
    return false;
}

static bool match(const struct room_words *words, enum room_reading reading,
                  const struct room_sounds *text)
{
    size_t count_min = reading == ROOM_READ_KEYBOARD ? KEYBOARD_SOUNDS_MIN : 1;

    for (size_t at = 0; at < text->count; at++) {
        if (!text->sounds[at].begins)
            continue;
        for (const struct word *word = first_of(words, text, at); word; word = word->next)
            if (!word->is_innocent && word->count >= count_min && is_hit(word, text, at) &&
                !is_innocent(words, text, at, at + word->count))
                return true;
    }
    return false;
}

bool room_words_match(const struct room_words *words, const char *text)
{
    struct room_sounds sounds;

    for (int reading = 0; reading < ROOM_READINGS; reading++) {
        room_spelling_read(text, (enum room_reading)reading, &sounds);
        if (reading != ROOM_READ_HANGUL && !sounds.has_others)
            continue; /* as before */
        if (match(words, (enum room_reading)reading, &sounds))
            return true;
    }
    return false;
}

uint64_t room_words_hash(const char *text)
{
    uint64_t hash = 14695981039346656037U; /* FNV-1a */
    size_t size = strlen(text), n;
    uint32_t c, before = 0;
    bool is_empty = true;

    for (const char *at = text; size; at += n, size -= n) {
        n = jt_utf8_next(at, size, &c);
        if (!n)
            break;
        if (c < 0x80 && !(c >= '0' && c <= '9') && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
            continue;
        if (c >= 'A' && c <= 'Z')
            c |= 0x20;
        if (c == before)
            continue;
        hash = (hash ^ c) * 1099511628211U;
        before = c;
        is_empty = false;
    }
    for (; is_empty && *text; text++) /* only signs: they are what was said */
        hash = (hash ^ (unsigned char)*text) * 1099511628211U;
    return hash;
}
