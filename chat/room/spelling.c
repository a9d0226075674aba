#include "chat/room/spelling.h"

#include <string.h>
#include <utf8proc.h>

#include "base/utf8.h"

enum {
    SYLLABLE_FIRST = 0xac00, /* The Unicode Standard §3.12 */
    SYLLABLE_LAST = 0xd7a3,
    VOWELS = 21,
    FINALS = 28,
    L_FIRST = 0x1100,
    V_FIRST = 0x1161,
    L_RIEUL_HIEUH = 0x111a, /* what U+3140 and U+3144, both finals, decompose to */
    L_PIEUP_SIOS = 0x1121,
    T_FIRST = 0x11a7, /* one before the first: index 0 is "no final" */
    LEADS = 19,
    SILENT = 11, /* ㅇ as a lead */
    VOWEL = 32,  /* sounds: leads 0 to 18, vowels 32 to 52, letters from 64 */
};

/* The lead that sounds like each final; a double one is two. */
static const int8_t finals[FINALS][2] = {
    {-1, -1}, {0, -1},  {1, -1},  {0, 9},   {2, -1},  {2, 12},  {2, 18},
    {3, -1},  {5, -1},  {5, 0},   {5, 6},   {5, 7},   {5, 9},   {5, 16},
    {5, 17},  {5, 18},  {6, -1},  {7, -1},  {7, 9},   {9, -1},  {10, -1},
    {11, -1}, {12, -1}, {14, -1}, {15, -1}, {16, -1}, {17, -1}, {18, -1},
};

/* 두벌식: which jamo lies on which key, a to z; then with shift. Leads, or vowels from VOWEL. */
static const uint8_t keys[26] = {
    [0] = 6,          ['b' - 'a'] = 49, ['c' - 'a'] = 14, ['d' - 'a'] = 11, ['e' - 'a'] = 3,
    ['f' - 'a'] = 5,  ['g' - 'a'] = 18, ['h' - 'a'] = 40, ['i' - 'a'] = 34, ['j' - 'a'] = 36,
    ['k' - 'a'] = 32, ['l' - 'a'] = 52, ['m' - 'a'] = 50, ['n' - 'a'] = 45, ['o' - 'a'] = 33,
    ['p' - 'a'] = 37, ['q' - 'a'] = 7,  ['r' - 'a'] = 0,  ['s' - 'a'] = 2,  ['t' - 'a'] = 9,
    ['u' - 'a'] = 38, ['v' - 'a'] = 17, ['w' - 'a'] = 12, ['x' - 'a'] = 16, ['y' - 'a'] = 44,
    ['z' - 'a'] = 15,
};
static const struct {
    char key;
    uint8_t sound;
} shifted[] = {{'Q', 8}, {'W', 13}, {'E', 4}, {'R', 1}, {'T', 10}, {'O', 35}, {'P', 39}};

static const struct {
    uint32_t sign;
    uint8_t sound;
} lookalikes[] = {
    {'1', 52},
    {'l', 52},
    {'I', 52},
    {'i', 52},
    {'|', 52},
    {'!', 52},
    {0x4e28 /* 丨 */, 52},
    {0x4eba /* 人 */, 9},
    {0x5165 /* 入 */, 9},
    {'^', 9},
    {0x53e3 /* 口 */, 6},
    {0x5df1 /* 己 */, 5},
    {0x535c /* 卜 */, 32},
    {0x30c8 /* ト */, 32},
    {'0', 11},
    {'o', 11},
    {'O', 11},
    {0x25cb /* ○ */, 11},
    {'7', 0},
    {'L', 2},
    {0x4e59 /* 乙 */, 5},
    {'2', 5},
    {0x4e5a, 2},
    {0x30b9 /* ス */, 12},
};

static const struct {
    char sign, letter;
} leet[] = {{'0', 'o'}, {'1', 'i'}, {'3', 'e'}, {'4', 'a'}, {'5', 's'},
            {'7', 't'}, {'@', 'a'}, {'$', 's'}, {'!', 'i'}, {'|', 'i'}};

struct spelling {
    struct room_sounds *out;
    enum room_reading reading;
    bool is_in_word; /* the character before was a letter or digit */
    bool after_space;
    bool
        lead_is_open; /* the last sound is a single lead: a single vowel makes a syllable of them */
};

static void push(struct spelling *s, int sound, bool is_alone, bool begins)
{
    struct room_sound *at;

    if (s->out->count == ROOM_SOUNDS_MAX)
        return;
    at = &s->out->sounds[s->out->count++];
    *at = (struct room_sound){.sound = (uint8_t)sound,
                              .is_alone = is_alone,
                              .begins = begins,
                              .begins_word = begins && !s->is_in_word,
                              .after_space = s->after_space};
    s->after_space = false;
}

static struct room_sound *last(struct spelling *s)
{
    return s->out->count ? &s->out->sounds[s->out->count - 1] : NULL;
}

/* "시이발" is "시발" drawn out, "십알" is how "시발" sounds: a silent lead between equal vowels, or after a final. */
static bool is_unheard(struct spelling *s, int lead, int vowel)
{
    const struct room_sound *before = last(s);

    if (lead != SILENT || !before || before->after_space)
        return false;
    if (before->sound >= VOWEL)
        return before->sound == VOWEL + vowel;
    return !before->is_alone && before->sound != SILENT;
}

static void push_syllable(struct spelling *s, uint32_t c)
{
    int index = (int)(c - SYLLABLE_FIRST), lead = index / (VOWELS * FINALS);
    int vowel = index / FINALS % VOWELS, final = index % FINALS;
    bool is_unheard_lead = !s->after_space && s->is_in_word && is_unheard(s, lead, vowel);
    struct room_sound *before = last(s);

    if (is_unheard_lead && before->sound >= VOWEL) {
        before->ends = false; /* the same vowel goes on */
    } else {
        if (!is_unheard_lead) /* else the final opens this syllable */
            push(s, lead, false, true);
        push(s, VOWEL + vowel, false, false);
    }
    if (finals[final][0] >= 0)
        push(s, finals[final][0], false, false);
    last(s)->ends = true;
    if (finals[final][1] >= 0) {
        push(s, finals[final][1], false, false);
        last(s)->ends = true;
    }
    s->lead_is_open = false;
}

static void push_jamo(struct spelling *s, int sound)
{
    struct room_sound *before = last(s);

    if (sound >= VOWEL && s->lead_is_open && before) {
        before->ends = false;
        push(s, sound, true, false);
        s->lead_is_open = false;
    } else {
        push(s, sound, true, true);
        s->lead_is_open = sound < VOWEL;
    }
    last(s)->ends = true;
}

static void push_letter(struct spelling *s, char c)
{
    push(s, ROOM_SOUND_LATIN + (c - 'a'), false, true);
    last(s)->ends = true;
}

static int key_sound(uint32_t c)
{
    for (size_t i = 0; i < JT_COUNT(shifted); i++)
        if ((uint32_t)shifted[i].key == c)
            return shifted[i].sound;
    if (c >= 'A' && c <= 'Z')
        c += 'a' - 'A';
    return c >= 'a' && c <= 'z' ? keys[c - 'a'] : -1;
}

static int lookalike_sound(uint32_t c)
{
    for (size_t i = 0; i < JT_COUNT(lookalikes); i++)
        if (lookalikes[i].sign == c)
            return lookalikes[i].sound;
    return -1;
}

static char latin_of(uint32_t c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c + 'a' - 'A');
    if (c >= 'a' && c <= 'z')
        return (char)c;
    for (size_t i = 0; i < JT_COUNT(leet); i++)
        if ((uint32_t)leet[i].sign == c)
            return leet[i].letter;
    return '\0';
}

/* The jamo of a compatibility decomposition (ㅅ, ᄉ, ㉦, half-width ﾵ) as sounds. Returns how many: a double final is two. */
static int jamo_sounds(uint32_t c, int8_t out[2])
{
    out[1] = -1;
    if (c >= L_FIRST && c < L_FIRST + LEADS)
        out[0] = (int8_t)(c - L_FIRST);
    else if (c >= V_FIRST && c < V_FIRST + VOWELS)
        out[0] = (int8_t)(VOWEL + (int)(c - V_FIRST));
    else if (c > T_FIRST && c < T_FIRST + FINALS)
        memcpy(out, finals[c - T_FIRST], 2);
    else if (c == L_PIEUP_SIOS || c == L_RIEUL_HIEUH)
        memcpy(out, finals[c == L_PIEUP_SIOS ? 18 : 15], 2);
    else
        return 0;
    return out[1] < 0 ? 1 : 2;
}

static bool read_hangul(struct spelling *s, uint32_t c)
{
    int32_t parts[8];
    utf8proc_ssize_t n;
    bool is_read = false;

    if (c >= SYLLABLE_FIRST && c <= SYLLABLE_LAST) {
        push_syllable(s, c);
        return true;
    }
    if (c < 0x80)
        return false;
    n = utf8proc_decompose_char((utf8proc_int32_t)c, parts, JT_COUNT(parts),
                                UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, NULL);
    for (utf8proc_ssize_t i = 0; i < n && i < (utf8proc_ssize_t)JT_COUNT(parts); i++) {
        int8_t sounds[2];
        int count = jamo_sounds((uint32_t)parts[i], sounds);

        for (int j = 0; j < count; j++)
            push_jamo(s, sounds[j]);
        is_read |= count > 0;
    }
    return is_read;
}

/* Full-width, mathematical and accented letters as the plain ones. */
static uint32_t plain(uint32_t c)
{
    int32_t parts[8];
    utf8proc_ssize_t n;

    if (c < 0x80)
        return c;
    n = utf8proc_decompose_char((utf8proc_int32_t)c, parts, JT_COUNT(parts),
                                UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, NULL);
    return n >= 1 && parts[0] < 0x80 ? (uint32_t)parts[0] : c;
}

static bool read_other(struct spelling *s, uint32_t c)
{
    int sound;

    c = plain(c);
    if (s->reading == ROOM_READ_LATIN) {
        if (!latin_of(c))
            return false;
        push_letter(s, latin_of(c));
        return true;
    }
    if (s->reading == ROOM_READ_HANGUL)
        return false;
    sound = s->reading == ROOM_READ_KEYBOARD ? key_sound(c) : lookalike_sound(c);
    if (sound < 0)
        return false;
    push_jamo(s, sound);
    return true;
}

/* Digits and foreign letters are left out as if they weren't there; a space or a mark ends a word. */
static void leave_out(struct spelling *s, uint32_t c)
{
    int category = utf8proc_category((utf8proc_int32_t)c);
    bool is_letter = category <= UTF8PROC_CATEGORY_NO && category >= UTF8PROC_CATEGORY_LU;
    struct room_sound *before = last(s);

    if (is_letter) {
        s->is_in_word = true;
        return;
    }
    if (before && s->is_in_word)
        before->ends_word = before->ends;
    s->is_in_word = false;
    s->after_space = true;
}

void room_spelling_read(const char *text, enum room_reading reading, struct room_sounds *out)
{
    struct spelling s = {.out = out, .reading = reading, .after_space = true};
    size_t size = strlen(text), n;
    uint32_t c;

    out->count = 0;
    out->has_others = false;
    for (; size; text += n, size -= n) {
        n = jt_utf8_next(text, size, &c);
        if (!n)
            break;
        if (reading != ROOM_READ_LATIN && read_hangul(&s, c)) {
            s.is_in_word = true;
        } else if (read_other(&s, c)) {
            s.is_in_word = true;
            out->has_others = true;
        } else {
            leave_out(&s, c);
        }
    }
    if (out->count)
        last(&s)->ends_word = last(&s)->ends;
}
