/* SPDX-License-Identifier: MIT
 *
 * The oracle's part on what a reply becomes on the network: its parts in order, each once, each answering the one before, and
 * together what the agent wrote.  Owns nothing; called by oracle.c.
 */
#include "oracle.h"

#include <ctype.h>

/* With one blank for all white space. */
static char *plain(const char *text)
{
        char *out = xstrdup(text), *to = out;

        for (const char *p = text; *p; p++)
                if (!isspace((unsigned char) *p))
                        *to++ = *p;
                else if (to > out && to[-1] != ' ')
                        *to++ = ' ';
        while (to > out && to[-1] == ' ')
                to--;
        *to = '\0';
        return out;
}

/* What a post says beside whom it names and which part it is. */
static char *said_by(int status, const char *handle)
{
        char *text = plain(social_first_text(status)), *number = strrchr(text, '(');
        size_t n = strlen(handle);

        if (number && number > text && number[-1] == ' ' && isdigit((unsigned char) number[1]) && strchr(number, '/') &&
            number[strspn(number, "(0123456789/")] == ')')
                number[-1] = '\0';
        if (startswith(text, handle) && text[n] == ' ')
                memmove(text, text + n + 1, strlen(text + n + 1) + 1);
        return text;
}

/* Where what it answers was deleted before a late effect posted it, whomever it names. */
static const char *handle_above(int status)
{
        const struct status *s = &social.statuses[status];

        while (s->parent >= 0 && social.statuses[s->parent].account == BRAND)
                s = &social.statuses[s->parent];
        for (int i = 0; s->parent < 0 && i < N_ACCOUNTS; i++)
                if (i != BRAND && startswith(social_first_text(status), account_handle(s->network, i)))
                        return account_handle(s->network, i);
        return s->parent >= 0 ? handle_of(s->parent) : "";
}

static bool is_of(int status, int note)
{
        return social.statuses[status].by_api && !social.statuses[status].spam && people_note_in(social_first_text(status)) == note;
}

int posts_of(int group, int *ret_last)
{
        _cleanup_free_ char *all = plain(agent_notes[group].text);
        int n = 0;

        for (int i = 0; i < social.n_statuses; i++) {
                _cleanup_free_ char *said = NULL;

                if (!is_of(i, group))
                        continue;
                said = said_by(i, handle_above(i));
                if (social.statuses[i].parent >= 0 && !startswith(all, said) && is_of(social.statuses[i].parent, group))
                        continue;
                n++;
                *ret_last = i;
        }
        return n;
}

bool is_half_removed(int note)
{
        return agent_notes[note].is_long && has_note(agent_notes[note].article, "held") && command_after(note, COMMAND_DELETE) >= 0;
}

static bool may_end_early(int note)
{
        const struct agent_note *n = &agent_notes[note];

        return n->dropped || has_note(n->article, "withdrawn") || has_note(n->article, "held") || has_note(n->article, "refused") ||
               desks.tickets[desk_follow(desks.articles[n->article].ticket)].deleted;
}

void judge_parts(struct verdict *v, int note, int first)
{
        const struct agent_note *n = &agent_notes[note];
        _cleanup_free_ char *all = plain(n->text);
        const char *handle = handle_above(first), *rest = all;
        char *token = word_of("r%dq", note);
        int before = -1, parts = 0;

        for (int i = first; i < social.n_statuses; i++) {
                const struct status *s = &social.statuses[i];
                _cleanup_free_ char *said = NULL;
                size_t size;

                if (!is_of(i, note))
                        continue;
                said = said_by(i, handle);
                size = strlen(said);
                if (!startswith(social_first_text(i), handle))
                        broken(v, WRONG, token, "reply %s (%s) does not name %s", s->id, token, handle);
                if (!startswith(rest, said) && is_sent_again(note))
                        return;
                if (!startswith(rest, said)) {
                        broken(v, strstr(all, said) ? DOUBLED : WRONG, token, "reply %s says \"%s\" where \"%s\" is to be said", s->id, said, rest);
                        return;
                }
                if (before >= 0 && s->parent != before)
                        broken(v, WRONG, token, "part %s of %s does not answer the one before it, %s", s->id, token, social.statuses[before].id);
                if (before >= 0 && s->visibility != social.statuses[before].visibility && command_after(note, COMMAND_DM) < 0)
                        broken(v, LEAKED, token, "part %s of %s is not for those whom the one before it is for", s->id, token);
                rest += size + (rest[size] == ' ');
                before = i;
                parts++;
        }
        if (*rest && !may_end_early(note))
                broken(v, LOST, token, "of reply %s the end was not posted: %s", token, rest);
        if (parts > 1)
                happened(IN_PARTS);
        if (social.statuses[first].visibility == 'd' && n->command == COMMAND_DM)
                happened(SAID_ASIDE);
}
