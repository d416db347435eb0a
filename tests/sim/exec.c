/* SPDX-License-Identifier: MIT
 *
 * The kind of network that is reached by a program of somebody's own, which speaks lines of JSON (mentiond-exec(7)): what the program
 * answers, and the network behind it, which knows no keys.  Its lies are those of programs and are told in child.c.  Owns nothing.
 */
#include "social.h"

static char *id(int network _unused_, int number)
{
        return xasprintf("post/%d", number * 2);
}

static char *handle(int network _unused_, int account)
{
        return xasprintf("@%.*s", (int) strcspn(accounts[account].acct, "@"), accounts[account].acct);
}

static char *settings(int network _unused_)
{
        return xstrdup("plugin = \"exec\"; program = \"/usr/bin/forum\"; secret = \"env:SIM_TOKEN\";");
}

static int find(int network, const char *wanted)
{
        for (int i = 0; i < social.n_statuses; i++)
                if (social.statuses[i].network == network && streq(social.statuses[i].id, wanted) && !social.statuses[i].spam)
                        return i;
        return -1;
}

static int find_living(const struct request *q, const char *wanted)
{
        int i = find(q->server, wanted);

        return i >= 0 && !social.statuses[i].deleted ? i : -1;
}

/* --- What it says --- */

static struct json_object *verdict(const char *name, const char *reason)
{
        struct json_object *o = json_object_new_object();

        mj_put_str(o, "verdict", name);
        if (reason)
                mj_put_str(o, "reason", reason);
        return o;
}

static struct answer plain(struct json_object *o)
{
        return (struct answer) { .status = 200, .json = o };
}

static struct answer gone(void)
{
        return plain(verdict("gone", "there is no such post"));
}

static const char *visibility_name(char v)
{
        return v == 'u' ? "public" : v == 'l' ? "unlisted" : v == 'f' ? "followers" : "direct";
}

static struct json_object *mention_of(int i, int64_t seen)
{
        const struct status *s = &social.statuses[i], *parent = s->parent < 0 ? NULL : &social.statuses[s->parent];
        struct json_object *o = json_object_new_object(), *author = json_object_new_object();

        mj_put_str(o, "kind", s->visibility == 'd' ? "message" : "mention");
        mj_put_str(o, "visibility", visibility_name(s->visibility));
        mj_put_str(o, "id", s->id);
        if (parent && !parent->deleted)
                mj_put_str(o, "parent", parent->id);
        if (!s->chain_broken && social.networks[s->network].page % 2)
                mj_put_str(o, "root", social.statuses[s->root].id);      /* some forums tell it */
        mj_put_str(o, "text", s->text);
        mj_put_str(o, "warning", s->spoiler);
        mj_put_int(o, "created_usec", s->created);
        if (s->edited)
                mj_put_int(o, "edited_usec", s->edited);
        if (seen)
                mj_put_int(o, "seen_usec", seen);
        mj_put_str(author, "id", accounts[s->account].id);
        put_owned(author, "handle", handle(s->network, s->account));
        mj_put_str(author, "name", accounts[s->account].name);
        json_object_object_add(o, "author", author);
        return o;
}

/* Before it answers; how, child.c knows. */
static void call(struct answer *a, const char *name, const char *member, struct json_object *value)
{
        struct json_object *one = json_object_new_object(), *all = mj_get(a->json, "calls");

        mj_put_str(one, "call", name);
        json_object_object_add(one, member, value);
        if (!all) {
                all = json_object_new_array();
                json_object_object_add(a->json, "calls", all);
        }
        (void) json_object_array_add(all, one);
}

/* --- Operations --- */

static struct answer start(const struct request *q)
{
        static const char *const operations[] = { "poll", "fetch", "post", "find", "edit", "remove", "react", "reread" };
        static const char *const flags[] = { "can_direct", "can_edit", "can_remove", "can_like", "can_repost" };
        struct json_object *o = verdict("ok", NULL), *can = json_object_new_array(), *caps = json_object_new_object();
        struct json_object *list = json_object_new_array();

        for (size_t k = 0; k < ELEMENTSOF(operations); k++)
                (void) json_object_array_add(can, json_object_new_string(operations[k]));
        for (size_t k = 0; k < ELEMENTSOF(flags); k++)
                (void) json_object_array_add(list, json_object_new_string(flags[k]));
        mj_put_str(o, "id", accounts[BRAND].id);
        mj_put_str(o, "handle", "@brand");
        json_object_object_add(o, "operations", can);
        mj_put_int(o, "parallel", social.networks[q->server].page > 10 ? 4 : 1);
        mj_put_str(caps, "length_unit", "code_points");
        mj_put_int(caps, "length_max", 600);
        mj_put_bool(caps, "handle_is_local", true);
        json_object_object_add(caps, "flags", list);
        json_object_object_add(o, "caps", caps);
        return plain(o);
}

static struct answer poll(const struct request *q)
{
        struct answer a = plain(verdict("ok", NULL));
        struct json_object *list = json_object_new_array();
        _cleanup_free_ int *shown = xcalloc((size_t) social.n_notifications + 1, sizeof(int));
        int64_t horizon = mj_int(q->body, "horizon_usec", 0);
        int n = 0;

        shown_poll(q->server);
        for (int i = social.n_notifications - 1; i >= 0; i--) {
                const struct notification *row = &social.notifications[i];

                if (row->network != q->server || row->status < 0 || row->gone || row->visible > sim.now || row->created < horizon)
                        continue;
                shown[n++] = i;
                (void) json_object_array_add(list, mention_of(row->status, row->created));
        }
        json_object_object_add(a.json, "mentions", list);
        put_owned(a.json, "cursor", xasprintf("%d", n));
        a.delivered = shown_page(shown, n);
        a.on_delivery = shown_delivered;
        return a;
}

static struct answer fetch(const struct request *q)
{
        int i = find_living(q, mj_str(q->body, "id")), chain[256], n = 0;
        struct json_object *list;
        struct answer a;

        if (i < 0)
                return gone();
        a = plain(verdict("ok", NULL));
        for (int p = social.statuses[i].parent; p >= 0 && !social.statuses[p].deleted && n < 256; p = social.statuses[p].parent)
                chain[n++] = p;
        while (n)
                call(&a, "emit_ancestor", "mention", mention_of(chain[--n], 0));
        list = json_object_new_array();
        (void) json_object_array_add(list, mention_of(i, 0));
        json_object_object_add(a.json, "mentions", list);
        return a;
}

static struct answer reread(const struct request *q)
{
        struct json_object *ids = mj_get(q->body, "ids");
        struct answer a = plain(verdict("ok", NULL));

        for (size_t k = 0; k < mj_len(ids); k++) {
                const char *wanted = json_object_get_string(mj_at(ids, k));
                int i = find_living(q, wanted);

                if (i < 0) {
                        call(&a, "emit_gone", "id", json_object_new_string(wanted));
                        continue;
                }
                call(&a, "emit_again", "mention", mention_of(i, 0));
                for (int child = i + 1; child < social.n_statuses; child++)      /* and what was answered there */
                        if (social.statuses[child].parent == i && !social.statuses[child].deleted && !social.statuses[child].spam)
                                call(&a, "emit_again", "mention", mention_of(child, 0));
        }
        return a;
}

static char visibility_of(struct json_object *part)
{
        const char *name = mj_str(part, "visibility");

        return streq(name, "public") ? 'u' : streq(name, "unlisted") ? 'l' : streq(name, "followers") ? 'f' : 'd';
}

static struct answer post(const struct request *q)
{
        struct json_object *part = mj_get(q->body, "post"), *o;
        const char *text = mj_str(part, "text"), *above = mj_str(part, "parent");
        int parent = *above ? find_living(q, above) : -1, i, n = people_note_in(text);

        if (n >= 0)
                agent_notes[n].sends++;
        if (*above && parent < 0) {
                if (n >= 0)
                        agent_notes[n].rejected++;
                return plain(verdict("gone", "the post that it answers is gone"));
        }
        i = social_post(q->server, BRAND, parent, false, visibility_of(part), text, mj_str(part, "warning"));
        social.statuses[i].by_api = true;
        social.statuses[i].sent = q->sent_usec;
        social.statuses[i].sent_jump = q->sent_jump;
        strset(&social.statuses[i].key, mj_str(part, "key"));
        social.statuses[i].spam = q->fault.spam;
        if (n >= 0 && q->fault.spam)
                agent_notes[n].spam++;
        note("the network %s: %s answers %s, %s: %s", q->fault.spam ? "swallows" : "posts", social.statuses[i].id, *above ? above : "nothing",
             mj_str(part, "visibility"), text);
        if (q->fault.spam)
                return plain(verdict("rejected", "it is not shown, and may be dropped as spam"));
        o = verdict("ok", NULL);
        mj_put_str(o, "id", social.statuses[i].id);
        return plain(o);
}

/* By what it says and answers, among those that are not another reply's: that the host is asked. */
static struct answer look(const struct request *q)
{
        struct json_object *part = mj_get(q->body, "post");
        struct answer a = plain(verdict("absent", NULL));
        int parent = find(q->server, mj_str(part, "parent"));

        for (int i = 0; i < social.n_statuses; i++) {
                const struct status *s = &social.statuses[i];

                if (s->network == q->server && s->account == BRAND && !s->spam && !s->deleted && s->parent == parent &&
                    streq(s->text, mj_str(part, "text")))
                        call(&a, "is_posted", "id", json_object_new_string(s->id));
        }
        return a;
}

static struct answer change(const struct request *q)
{
        int i = find_living(q, mj_str(q->body, "id"));
        const char *reaction = mj_str(q->body, "reaction");
        struct status *s = i < 0 ? NULL : &social.statuses[i];

        if (!s)
                return gone();
        if (streq(q->method, "react")) {
                if (streq(reaction, "repost") && s->visibility == 'd')
                        return plain(verdict("rejected", "what was said aside is not for all"));
                *(streq(reaction, "like") ? &s->liked : &s->boosted) = true;
                note("the brand: %s of %s", reaction, s->id);
                return plain(verdict("ok", NULL));
        }
        if (s->account != BRAND)
                return plain(verdict("rejected", "it is not yours"));
        if (streq(q->method, "remove")) {
                social_delete(i);
        } else if (!streq(mj_str(q->body, "text"), s->text)) {
                social_edit(i, mj_str(q->body, "text"));
                note("the network edits %s: %s", s->id, s->text);
        }
        return plain(verdict("ok", NULL));
}

static struct answer answer(const struct request *q)
{
        static const struct { const char *name; struct answer (*fn)(const struct request *q); } operations[] = {
                { "start", start }, { "poll", poll }, { "fetch", fetch }, { "reread", reread }, { "post", post }, { "find", look },
                { "edit", change }, { "remove", change }, { "react", change },
        };

        if (social.networks[q->server].revoked) {
                happened(UNAUTHORIZED);
                return plain(verdict("auth", "the token was revoked"));
        }
        for (size_t k = 0; k < ELEMENTSOF(operations); k++)
                if (streq(q->method, operations[k].name))
                        return operations[k].fn(q);
        return plain(verdict("bug", "that was not understood"));
}

static void on_fault(const struct request *q)
{
        int n = people_note_in(mj_str(mj_get(q->body, "post"), "text")), i = find(q->server, mj_str(q->body, "id"));

        if (n >= 0)
                agent_notes[n].lost_sends++;
        if (i >= 0)
                social.statuses[i].failed_fetches++;
        n = i >= 0 && social.statuses[i].by_api ? people_note_in(social.statuses[i].text) : -1;
        if (n >= 0)
                agent_notes[n].lost_sends++;
}

const struct network_kind exec_kind = {
        .name = "exec", .host = "forum.example", .visibilities = "uuuuuulfdd", .settings = settings, .id = id, .handle = handle, .answer = answer,
        .on_fault = on_fault, .find = find,
};
