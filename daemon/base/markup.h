/* SPDX-License-Identifier: MIT
 * L0.  HTML cut into tags and text, for html.c alone. */
#ifndef BASE_MARKUP_H
#define BASE_MARKUP_H

#include "base/buffer.h"

/* What html.c has a rule for; all others are MARKUP_OTHER and transparent. */
enum markup_tag {
        MARKUP_OTHER,
        MARKUP_A, MARKUP_BLOCK, MARKUP_BLOCKQUOTE, MARKUP_BR, MARKUP_DIV, MARKUP_IMG, MARKUP_LI, MARKUP_OL,
        MARKUP_P, MARKUP_PARAGRAPH, MARKUP_PRE, MARKUP_SPAN, MARKUP_TABLE, MARKUP_TD, MARKUP_TR, MARKUP_UL,
        /* Dropped with their content.  In the first of them tags are text, up to their own end. */
        MARKUP_IFRAME, MARKUP_NOEMBED, MARKUP_NOFRAMES, MARKUP_NOSCRIPT, MARKUP_PLAINTEXT, MARKUP_SCRIPT,
        MARKUP_STYLE, MARKUP_TEXTAREA, MARKUP_TITLE, MARKUP_XMP,
        MARKUP_AUDIO, MARKUP_CANVAS, MARKUP_MATH, MARKUP_OBJECT, MARKUP_SELECT, MARKUP_SVG, MARKUP_TEMPLATE,
        MARKUP_VIDEO,
        _MARKUP_MAX,
        MARKUP_DROPPED = MARKUP_IFRAME,
        MARKUP_DROPPED_NOT_RAW = MARKUP_AUDIO,
};

enum markup_kind { MARKUP_TEXT, MARKUP_START, MARKUP_END };

/* A run of the input. */
struct markup_run {
        const char *data;
        size_t size;
};

struct markup_token {
        enum markup_kind kind;
        enum markup_tag tag;
        struct markup_run text;                    /* MARKUP_TEXT: with its references */
        struct markup_run href, class_names, alt, style;   /* MARKUP_START: the first of each; data NULL if absent */
        bool hidden;
};

struct markup {
        const char *at, *end;
        bool cut;                /* the input goes on behind end: a tag that is not whole there is no text */
        bool ignore_quotes;      /* a quote was never closed: from there on, tags end at the first '>' */
        bool no_comment_end;
        const char *last_close;                    /* the last '>', or NULL */
        const char *last_end[_MARKUP_MAX];         /* of each dropped element, its last end tag */
};

/* Borrows the input. */
void markup_init(struct markup *m, const char *html, size_t size, bool cut);

/* false at the end.  Linear over the whole input, whatever it holds. */
bool markup_next(struct markup *m, struct markup_token *ret);

/* Whether an end tag for it is still to come. */
bool markup_will_end(const struct markup *m, enum markup_tag tag);

/* The names of characters that this text has used already: gumbo is asked once for each. */
#define MARKUP_NAMES_KEPT 256
struct markup_names {
        struct {
                char name[32];
                char utf8[12];
        } kept[MARKUP_NAMES_KEPT];
        unsigned asked;
};

/* At a '&': the bytes that make up the reference and its UTF-8, or 0 if it is a bare '&'. */
size_t markup_reference(struct markup_names *names, const char *s, size_t size, bool in_attribute,
                        char ret[static 12]);

#endif
