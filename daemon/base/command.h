/* SPDX-License-Identifier: MIT
 * L0.  Commands: what an agent tells mentiond, as the first line of an internal note. */
#ifndef BASE_COMMAND_H
#define BASE_COMMAND_H

enum command_name {
        COMMAND_NONE,                    /* an ordinary note */
        COMMAND_UNKNOWN,                 /* it looks like one */
        COMMAND_STOP,
        COMMAND_HOLD,
        COMMAND_SEND,
        COMMAND_DM,
        COMMAND_PUBLIC,
        COMMAND_CLOSE,
        COMMAND_LIKE,
        COMMAND_REPOST,
        COMMAND_HIDE,
        COMMAND_EDIT,
        COMMAND_DELETE,
        COMMAND_SPLIT,
        COMMAND_MAX,
};

struct command {
        enum command_name name;
        char word[24];                   /* as it was written, without the '!', cut */
        const char *text;                /* what follows it, within what was parsed */
};

/* "!dm Hello" is DM with "Hello": a '!', and letters to the next white space. */
struct command command_parse(const char *text);

const char *command_word(enum command_name name);        /* "stop" */
const char *command_nearest(const char *word);           /* of the words, or NULL */

#endif
