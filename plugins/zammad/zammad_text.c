/* SPDX-License-Identifier: MIT
 *
 * Characters that a database may not keep.
 *
 * Zammad on MySQL or MariaDB leaves out every character beyond U+FFFF, emoji above all, and says nothing; on PostgreSQL it keeps
 * them.  Which it is no request tells.  So the first article that holds one is read back.  If it has lost them, its whole text is
 * added, and from then on they are written by number.  HTML would not help: entities are resolved before they are stored.
 * Owns wide and narrow of struct zammad. */
#include "zammad.h"

#include <stdio.h>

/* The size of such a character at s, 0 for others. */
static size_t astral(const char *s)
{
        return ((unsigned char) *s & 0xf8) == 0xf0 && s[1] && s[2] && s[3] ? 4 : 0;
}

static bool has_astral(const char *text)
{
        for (; *text; text++)
                if (astral(text))
                        return true;
        return false;
}

static const char *by_number(struct mentiond_op *op, const char *text)
{
        size_t n = 0;
        char *out, *end;

        for (const char *s = text; *s; s++)
                n += astral(s) > 0;
        out = end = mentiond_alloc(op, strlen(text) + n * sizeof("[U+10FFFF]") + 1);
        while (*text) {
                if (astral(text)) {
                        const unsigned char *s = (const unsigned char *) text;

                        end += sprintf(end, "[U+%X]", (s[0] & 7u) << 18 | (s[1] & 63u) << 12 | (s[2] & 63u) << 6 | (s[3] & 63u));
                        text += 4;
                } else {
                        *end++ = *text++;
                }
        }
        return out;
}

const char *zammad_text(struct mentiond_op *op, const struct zammad *z, const char *text)
{
        return z->narrow && has_astral(text) ? by_number(op, text) : text;
}

void zammad_learn(struct mentiond_op *op, struct zammad *z, const struct mentiond_filed *filed, const char *key,
                  const char *text)
{
        struct json_object *article;
        struct zammad_answer answer;

        if (z->wide || z->narrow || !has_astral(text))
                return;
        if (zammad_call(op, "GET", mentiond_format(op, "/api/v1/ticket_articles/%s", mentiond_escape(op, filed->article)), NULL,
                        ZAMMAD_PEEKS, &answer) != MENTIOND_OK || !*mj_str(answer.json, "body")) {
                z->unread++;         /* the next one tells */
                return;
        }
        z->wide = has_astral(mj_str(answer.json, "body"));
        z->narrow = !z->wide;
        if (z->wide)
                return;
        mentiond_log(op, 4, "this helpdesk's database does not keep emoji: from now on they are written by their numbers");
        if (z->unread)
                mentiond_log(op, 3, "%lld posts were filed since the start without their emoji, for Zammad could not be asked",
                             (long long) z->unread);
        article = mentiond_json(op, "{'ticket_id': %s, 'type': 'note', 'sender': 'System', 'internal': true, 'message_id': %s, "
                                "'body': %s}", filed->ticket, zammad_message_id(op, mentiond_format(op, "%s~whole", key)),
                                mentiond_format(op, "The database of this helpdesk has lost some characters of the post. "
                                                "With their numbers it reads:\n\n%s", by_number(op, text)));
        if (zammad_call(op, "POST", "/api/v1/ticket_articles?expand=true", article, ZAMMAD_WRITES, &answer) != MENTIOND_OK)
                mentiond_log(op, 3, "article %s of ticket %s lacks its emoji, and they could not be added", filed->article,
                             filed->number);
}
