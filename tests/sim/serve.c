/* SPDX-License-Identifier: MIT
 *
 * One model server by itself, without a daemon and without lies: it answers requests that come as lines of JSON, so that
 * it can be held against recorded exchanges of the real server (tests/fakes/check-models).  Owns nothing.
 *
 *     {"method": "POST", "path": "/...", "query": "", "token": "", "key": "", "type": "application/json", "body": "...", "at_once": false}
 *     {"act": "write", "ticket": 3, "public": true, "text": "..."}       what an agent does; also "merge", with "into"
 *     {"act": "post", "account": 1, "text": "...", "visibility": "public", "spoiler": "", "to": "id"}    what a person does; tells the id
 *     {"act": "edit", "id": "...", "text": "..."}       the same
 *     {"act": "set", "maintenance": false, "token_access_off": false, "active": true}    what Zammad's administrator does
 *
 * Each gets a line: {"status": 200, "body": "..."}, or {"done": number, "id": null}.  A second lies between two, unless they come at once.
 */
#include "masto.h"
#include "zammad.h"

#include <stdio.h>

/* A person's post; answers one by its id. */
static int post(struct json_object *o)
{
        const char *text = mj_str(o, "text"), *visibility = mj_str(o, "visibility"), *to = mj_str(o, "to");
        char v = streq(visibility, "direct") ? 'd' : streq(visibility, "private") ? 'f' : streq(visibility, "unlisted") ? 'l' : 'u';
        int parent;

        parent = *to ? social_find(0, to) : -1;
        return social_post(0, (int) mj_int(o, "account", 1), parent, strstr(text, "@brand"), v, text, mj_str(o, "spoiler"));
}

static int act(struct json_object *o)
{
        const char *what = mj_str(o, "act");
        int ticket = (int) mj_int(o, "ticket", 0) - 1;

        if (streq(what, "set")) {
                zammad.desks[0].maintenance = mj_true(o, "maintenance");
                zammad.desks[0].lock = TOKENS_OFF;
                desks.all[0].locked_out = mj_true(o, "token_access_off");
                zammad.users[BOT_ID - 1].inactive = !mj_true(o, "active");
                return 0;
        }
        if (streq(what, "post"))
                return post(o) + 1;
        if (streq(what, "edit")) {
                social_edit(social_find(0, mj_str(o, "id")), mj_str(o, "text"));
                return 0;
        }
        if (streq(what, "write"))
                return desk_note(ticket, mj_true(o, "public"), mj_str(o, "text"), true, 0) + 1;
        if (!streq(what, "merge"))
                abort();
        desk_merge(ticket, (int) mj_int(o, "into", 0) - 1);
        return 0;
}

static void answer(struct json_object *o, struct json_object *line, int server)
{
        const char *body = mj_str(line, "body");
        struct request q = {
                .server = server, .method = mj_str(line, "method"), .path = mj_str(line, "path"), .query = mj_str(line, "query"),
                .token = mj_str(line, "token"), .key = mj_str(line, "key"), .tag = "", .type = mj_str(line, "type"), .text = body,
                .body = *body ? json_tokener_parse(body) : NULL, .fault = { .arrives = true, .stage = -1 },
        };
        struct answer a = (is_network(server) ? social.networks[server].kind->answer : desk_handle)(&q);

        mj_put_int(o, "status", a.status);
        mj_put_str(o, "body", a.text ? a.text : a.json ? json_object_to_json_string_ext(a.json, JSON_C_TO_STRING_PLAIN) : "");
        (void) json_object_put(a.json);
        (void) json_object_put(q.body);
        free(a.text);
        free(a.headers);
}

/* Nothing is shown late. */
static void show_all(void)
{
        for (int i = 0; i < desks.n_articles; i++)
                desks.articles[i].shown_usec = MIN(desks.articles[i].shown_usec, sim.now);
        for (int i = 0; i < social.n_notifications; i++)
                social.notifications[i].visible = MIN(social.notifications[i].visible, sim.now);
}

static int server_of(const char *name)
{
        social_kind = network_named(name);
        sim_seed(1);
        sim.plan.networks = 1;
        social_init();
        desk_init();
        if (social_kind)
                return 0;
        desks.all[0].kind = streq(name, "zammad") ? &zammad_kind : &znuny_kind;
        if (streq(name, "zammad"))
                zammad_kind.open(0);
        zammad.n_attributes = zammad.n_migrated = 0;     /* nobody has made one yet */
        return streq(name, "znuny") || streq(name, "zammad") ? NETWORKS : -1;
}

int serve(const char *name)
{
        int server = server_of(name);
        size_t allocated = 0;
        char *text = NULL;

        if (server < 0) {
                fprintf(stderr, "mentiond-sim: there is no model %s\n", name);
                return 2;
        }
        while (getline(&text, &allocated, stdin) > 0) {
                struct json_object *line = json_tokener_parse(text), *o = json_object_new_object();

                if (!line)
                        abort();
                sim.now += mj_true(line, "at_once") || mj_get(line, "act") ? USEC_PER_MSEC : USEC_PER_SEC;
                if (mj_get(line, "act")) {
                        int done = act(line);

                        mj_put_int(o, "done", done);
                        put_owned(o, "id", streq(mj_str(line, "act"), "post") ? masto_shown_id(done - 1) : NULL);
                } else {
                        answer(o, line, server);
                }
                show_all();
                printf("%s\n", json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
                (void) fflush(stdout);
                (void) json_object_put(line);
                (void) json_object_put(o);
        }
        free(text);
        return 0;
}
