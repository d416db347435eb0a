/* SPDX-License-Identifier: MIT
 *
 * Commands, as agents write them.  Owns nothing.
 */
#include "base/command.h"

#include "base/text.h"
#include "base/util.h"

#include <ctype.h>

static const char *const words[COMMAND_MAX + 1] = {
        [COMMAND_STOP] = "stop",     [COMMAND_HOLD] = "hold",   [COMMAND_SEND] = "send",     [COMMAND_DM] = "dm",
        [COMMAND_PUBLIC] = "public", [COMMAND_CLOSE] = "close", [COMMAND_LIKE] = "like",     [COMMAND_REPOST] = "repost",
        [COMMAND_HIDE] = "hide",     [COMMAND_EDIT] = "edit",   [COMMAND_DELETE] = "delete", [COMMAND_SPLIT] = "split",
};

const char *command_word(enum command_name name)
{
        return strempty(words[name]);
}

const char *command_nearest(const char *word)
{
        return text_nearest(word, words + COMMAND_STOP);
}

struct command command_parse(const char *text)
{
        struct command c = { .name = COMMAND_NONE, .text = text };
        size_t n = 0, length;

        while (isspace((unsigned char) *text))
                text++;
        if (*text != '!' || !isalpha((unsigned char) text[1]))
                return c;
        text++;
        length = strcspn(text, " \t\r\n");
        while (n < length && n < sizeof c.word - 1) {
                c.word[n] = (char) tolower((unsigned char) text[n]);
                n++;
        }
        c.word[n] = '\0';
        c.name = COMMAND_UNKNOWN;
        for (enum command_name i = COMMAND_STOP; i < COMMAND_MAX; i++)
                if (streq(words[i], c.word))
                        c.name = i;
        c.text = text + length + strspn(text + length, " \t\r\n");
        return c;
}
