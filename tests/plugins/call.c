/* SPDX-License-Identifier: MIT
 *
 * mentiond-call: one instance of a plugin, whose operations are called one by one, for tests.
 *
 *     mentiond-call DIRECTORY channel|helpdesk NAME=VALUE...
 *
 * The plugin is loaded from DIRECTORY, and configured as in mentiond.conf(5).  Each line of the standard input is a call, a
 * JSON object: "call" names the operation, the other members are its arguments, called as in <mentiond/channel.h> and
 * <mentiond/helpdesk.h>, "data" in base64.  Each is answered by a line: "verdict", "reason", and what came of it:
 *
 *     {"call": "start"}                                     self, handle, caps (of a channel)
 *     {"call": "poll"}  {"call": "links"}                   items: what was emitted and not known, payload as in host/payload.h; links
 *     {"call": "fetch", "id": "1"}                          items, ancestors
 *     {"call": "post", "text": "...", "uploads": [...]}     id, url; also "find"
 *     {"call": "edit", "id": "1", "text": "..."}  {"call": "remove", "id": "1"}  {"call": "react", "reaction": 1, "id": "1"}
 *     {"call": "reread", "ids": ["2", "1"]}                 again: [{id, author, text, url, created_usec, edited_usec} or {id, gone}]
 *     {"call": "file", "key": "...", "attachments": [...]}  ticket, number, url, article; also "append", "note", "find"
 *     {"call": "review", "ticket": "7", "article": "8"}     struct mentiond_review
 *     {"call": "close", "ticket": "7"}
 *     {"call": "link", "ticket": "7"}                       the journal knows this ticket from now on: no operation of a plugin
 *
 * The journal is new, and goes with the process. */
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "host/op.h"
#include "host/payload.h"

#include <mentiond/json.h>

#include <ftw.h>
#include <stdio.h>

static struct host host;
static struct instance *instance;
static int64_t channel;                  /* of a helpdesk: whose threads its tickets hold */
static int arguments_n;
static char **arguments;

/* --- Arguments --- */

static struct json_object *line;

static const char *str(const char *name)
{
        return mj_str(line, name);
}

/* Of one object of the list "name": data is decoded. */
static const void *data_of(struct mentiond_op *op, struct json_object *o, uint64_t *ret_size)
{
        size_t size = 0;
        char *data = *mj_str(o, "data") ? text_base64_decode(mj_str(o, "data"), &size) : NULL;

        *ret_size = data ? size : (uint64_t) mj_int(o, "size", 0);
        return data ? arena_take(op->arena, data) : NULL;
}

static struct mentiond_attachment *attachments(struct mentiond_op *op, uint32_t *ret_n)
{
        struct json_object *list = mj_get(line, "attachments");
        struct mentiond_attachment *all = arena_alloc(op->arena, (mj_len(list) + 1) * sizeof *all);

        *ret_n = (uint32_t) mj_len(list);
        for (size_t i = 0; i < mj_len(list); i++) {
                struct json_object *o = mj_at(list, i);

                all[i] = (struct mentiond_attachment) { .struct_size = sizeof *all, .name = mj_str(o, "name"), .type = mj_str(o, "type") };
                all[i].data = data_of(op, o, &all[i].size);
        }
        return all;
}

static struct mentiond_post post_of(struct mentiond_op *op)
{
        struct json_object *list = mj_get(line, "uploads");
        struct mentiond_upload *all = arena_alloc(op->arena, (mj_len(list) + 1) * sizeof *all);

        for (size_t i = 0; i < mj_len(list); i++) {
                struct json_object *o = mj_at(list, i);

                all[i] = (struct mentiond_upload) {
                        .struct_size = sizeof *all, .name = mj_str(o, "name"), .type = mj_str(o, "type"), .description = mj_str(o, "description"),
                };
                all[i].data = data_of(op, o, &all[i].size);
        }
        return (struct mentiond_post) {
                .struct_size = sizeof(struct mentiond_post), .visibility = (uint32_t) mj_int(line, "visibility", MENTIOND_UNLISTED),
                .key = str("key"), .text = str("text"), .parent = str("parent"), .root = str("root"), .warning = str("warning"),
                .language = str("language"), .tried_usec = mj_int(line, "tried_usec", 0), .only = str("only"), .uploads = all,
                .n_uploads = (uint32_t) mj_len(list),
        };
}

static struct mentiond_filing filing_of(struct mentiond_op *op)
{
        struct mentiond_filing f = {
                .struct_size = sizeof f, .key = str("key"), .thread_key = str("thread_key"), .ticket = str("ticket"), .queue = str("queue"),
                .title = str("title"), .text = str("text"), .customer = str("customer"), .author = str("author"), .network = str("network"),
                .url = str("url"), .created_usec = mj_int(line, "created_usec", 0), .after = str("after"),
        };

        f.attachments = attachments(op, &f.n_attachments);
        return f;
}

static struct mentiond_note note_of(void)
{
        return (struct mentiond_note) {
                .struct_size = sizeof(struct mentiond_note), .kind = (uint32_t) mj_int(line, "kind", 0), .key = str("key"), .ticket = str("ticket"),
                .subject = str("subject"), .text = str("text"), .article = str("article"), .url = str("url"), .network = str("network"),
        };
}

static struct mentiond_lookup lookup_of(void)
{
        return (struct mentiond_lookup) {
                .struct_size = sizeof(struct mentiond_lookup), .key = str("key"), .thread_key = str("thread_key"), .ticket = str("ticket"),
                .customer = str("customer"), .title = str("title"), .tried_usec = mj_int(line, "tried_usec", 0),
        };
}

/* --- Answers --- */

static struct json_object *list_in(struct json_object *o, const char *name)
{
        struct json_object *list = json_object_new_array();

        json_object_object_add(o, name, list);
        return list;
}

static struct json_object *add_to(struct json_object *list)
{
        struct json_object *o = json_object_new_object();

        (void) json_object_array_add(list, o);
        return o;
}

static void tell_strings(struct json_object *o, const char *name, const char *const *all, uint32_t n)
{
        struct json_object *list = list_in(o, name);

        for (uint32_t i = 0; i < n; i++)
                (void) json_object_array_add(list, json_object_new_string(strempty(all[i])));
}

static void tell_files(struct json_object *o, const char *name, const struct mentiond_attachment *all, uint32_t n)
{
        struct json_object *list = list_in(o, name);

        for (uint32_t i = 0; i < n; i++) {
                const struct mentiond_attachment *a = (const void *) ((const char *) all + (size_t) i * all->struct_size);
                _cleanup_free_ char *data = a->data ? text_base64_encode(a->data, a->size) : NULL;
                struct json_object *one = add_to(list);

                mj_put_str(one, "name", a->name);
                mj_put_str(one, "type", a->type);
                mj_put_int(one, "size", (int64_t) a->size);
                mj_put_str(one, "data", data);
        }
}

static void tell_start(struct json_object *o)
{
        const struct mentiond_caps *c = &instance->caps;

        if (!instance_is_channel(instance))
                return;
        mj_put_str(o, "self", instance->self_id);
        mj_put_str(o, "handle", instance->self_handle);
        mj_put_int(o, "length_unit", c->length_unit);
        mj_put_int(o, "length_max", c->length_max);
        mj_put_int(o, "url_length", c->url_length);
        mj_put_int(o, "handle_is_local", c->handle_is_local);
        mj_put_int(o, "flags", c->flags);
        mj_put_int(o, "uploads_max", c->uploads_max);
        mj_put_int(o, "description_max", c->description_max);
        mj_put_int(o, "upload_size_max", (int64_t) c->upload_size_max);
        mj_put_str(o, "upload_types", strempty(c->upload_types));
}

static void tell_items(struct json_object *o, struct mentiond_op *op)
{
        struct json_object *list = list_in(o, "items");

        for (size_t i = 0; i < op->n_items; i++) {
                const struct store_item *item = &op->items[i];
                struct json_object *one = add_to(list);

                mj_put_str(one, "kind", item->kind);
                mj_put_str(one, "state", item->state);
                mj_put_str(one, "id", item->native_id);
                mj_put_str(one, "root", item->root);
                mj_put_str(one, "parent", item->parent);
                mj_put_str(one, "ticket", item->ticket);
                mj_put_str(one, "reason", item->reason);
                mj_put_int(one, "created_usec", item->created_usec);
                if (item->payload)
                        json_object_object_add(one, "payload", json_tokener_parse(item->payload));
        }
        list = list_in(o, "ancestors");
        for (size_t i = 0; i < op->n_ancestors; i++) {
                struct json_object *one = add_to(list);

                mj_put_str(one, "id", op->ancestors[i].id);
                mj_put_str(one, "handle", op->ancestors[i].handle);
                mj_put_str(one, "text", op->ancestors[i].text);
        }
        list = list_in(o, "again");
        for (size_t i = 0; i < op->n_again; i++) {
                const struct op_again *again = &op->again[i];
                struct json_object *one = add_to(list);

                mj_put_str(one, "id", again->id);
                mj_put_bool(one, "gone", again->gone);
                if (again->gone)
                        continue;
                mj_put_str(one, "author", again->author);
                mj_put_str(one, "text", again->text);
                mj_put_str(one, "url", again->url);
                mj_put_int(one, "created_usec", again->created_usec);
                mj_put_int(one, "edited_usec", again->edited_usec);
        }
        list = list_in(o, "links");
        for (size_t i = 0; i < op->n_links; i++) {
                struct json_object *one = add_to(list);

                mj_put_str(one, "root", op->links[i].root);
                mj_put_str(one, "ticket", op->links[i].ticket);
        }
}

static void tell_review(struct json_object *o, const struct mentiond_review *r)
{
        mj_put_int(o, "standing", r->standing);
        mj_put_int(o, "closed", r->closed);
        mj_put_str(o, "html", r->html);
        mj_put_str(o, "text", r->text);
        tell_files(o, "attachments", r->attachments, r->n_attachments);
        tell_files(o, "internal_attachments", r->internal_attachments, r->n_internal_attachments);
        tell_strings(o, "internal", r->internal, r->n_internal);
        tell_strings(o, "customer", r->customer, r->n_customer);
}

/* --- Calls --- */

static int call_channel(struct mentiond_op *op, const char *call, struct json_object *o)
{
        const struct mentiond_channel *c = &instance->plugin->channel;
        void *state = instance->plugin_state;
        struct mentiond_posted posted = { .struct_size = sizeof posted };
        struct mentiond_post post = post_of(op);
        int r;

        if (streq(call, "start"))
                return c->start(op, state);
        if (streq(call, "poll"))
                return c->poll(op, state);
        if (streq(call, "fetch") && c->fetch)
                return c->fetch(op, state, str("id"));
        if (streq(call, "edit") && c->edit)
                return c->edit(op, state, &(struct mentiond_change) { .struct_size = sizeof(struct mentiond_change), .id = str("id"), .text = str("text") });
        if (streq(call, "remove") && c->remove)
                return c->remove(op, state, str("id"));
        if (streq(call, "react") && c->react)
                return c->react(op, state, (uint32_t) mj_int(line, "reaction", 0), str("id"));
        if (streq(call, "reread") && c->reread) {
                struct json_object *list = mj_get(line, "ids");
                const char **ids = arena_alloc(op->arena, (mj_len(list) + 1) * sizeof *ids);

                for (size_t i = 0; i < mj_len(list); i++)
                        ids[i] = json_object_get_string(mj_at(list, i));
                return c->reread(op, state, ids, (uint32_t) mj_len(list));
        }
        if (!(streq(call, "post") && c->post) && !(streq(call, "find") && c->find))
                return mentiond_fail(op, MENTIOND_BUG, "there is no %s", call);
        r = streq(call, "post") ? c->post(op, state, &post, &posted) : c->find(op, state, &post, &posted);
        mj_put_str(o, "id", posted.id);
        mj_put_str(o, "url", posted.url);
        return r;
}

static int call_helpdesk(struct mentiond_op *op, const char *call, struct json_object *o)
{
        const struct mentiond_helpdesk *h = &instance->plugin->helpdesk;
        void *state = instance->plugin_state;
        struct mentiond_filed filed = { .struct_size = sizeof filed };
        struct mentiond_filing filing = filing_of(op);
        struct mentiond_note note = note_of();
        struct mentiond_lookup lookup = lookup_of();
        int r;

        if (streq(call, "start"))
                return h->start(op, state);
        if (streq(call, "poll"))
                return h->poll(op, state);
        if (streq(call, "links") && h->links)
                return h->links(op, state);
        if (streq(call, "close") && h->close)
                return h->close(op, state, str("ticket"));
        if (streq(call, "review") && h->review) {
                struct mentiond_review review = { .struct_size = sizeof review };

                r = h->review(op, state, str("ticket"), str("article"), &review);
                if (r == MENTIOND_OK)
                        tell_review(o, &review);
                return r;
        }
        r = streq(call, "file") ? h->file(op, state, &filing, &filed)
            : streq(call, "append") ? h->append(op, state, &filing, &filed)
            : streq(call, "note") ? h->note(op, state, &note, &filed)
            : streq(call, "find") ? h->find(op, state, &lookup, &filed)
            : mentiond_fail(op, MENTIOND_BUG, "there is no %s", call);
        mj_put_str(o, "ticket", filed.ticket);
        mj_put_str(o, "number", filed.number);
        mj_put_str(o, "url", filed.url);
        mj_put_str(o, "article", filed.article);
        return r;
}

static int call(struct mentiond_op *op, const char *name, struct json_object *o)
{
        return OP_CALL(op, instance_is_channel(instance) ? call_channel(op, name, o) : call_helpdesk(op, name, o));
}

/* A thread whose root is the ticket's number has this ticket. */
static void know_ticket(const char *ticket)
{
        struct store_item item = {
                .kind = KIND_MENTION, .state = STATE_NEW, .native_id = ticket, .root = ticket, .parent = "", .created_usec = 1, .ready_usec = 1,
                .payload = "{}", .kept = { .handle = "@alice@example", .language = "", .warning = "", .visibility = 1 },
        };
        struct store_poll p = { .source = channel, .target = instance->stored.id, .items = &item, .n_items = 1 };
        struct store_thread link = { .helpdesk = instance->stored.id, .ticket = ticket, .number = ticket, .url = "" };

        if (store_commit_poll(host.store, &p) < 0 ||
            store_move(host.store, &(struct store_move) { .id = store_row_of(host.store, channel, ticket), .state = STATE_FILED, .link = &link,
                                                          .now_usec = utc_usec() }) < 0)
                abort();
}

static void answer(struct json_object *o)
{
        const char *name = str("call");
        bool polls = streq(name, "poll") || streq(name, "links");
        _cleanup_op_ struct mentiond_op op;
        int verdict;

        op_begin(&op, instance, polls ? "poll" : name, polls ? POLL_DEADLINE_USEC : OP_DEADLINE_USEC);
        verdict = call(&op, name, o);
        mj_put_str(o, "verdict", verdict_name(verdict));
        mj_put_str(o, "reason", op.reason);
        if (streq(name, "start") && verdict == MENTIOND_OK)
                tell_start(o);
        tell_items(o, &op);
        if (op_commit(&op, verdict == MENTIOND_OK && streq(name, "poll"), NULL) < 0)
                abort();
}

static void serve(void)
{
        _cleanup_free_ char *text = NULL;
        size_t allocated = 0;

        while (getline(&text, &allocated, stdin) > 0) {
                struct json_object *o = json_object_new_object();

                line = json_tokener_parse(text);
                if (streq(str("call"), "link"))
                        know_ticket(str("ticket"));
                else
                        answer(o);
                printf("%s\n", json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
                (void) fflush(stdout);
                (void) json_object_put(o);
                (void) json_object_put(line);
        }
}

/* --- The host around it --- */

static struct instance *make(void)
{
        struct section s = { .name = xstrdup(streq(arguments[2], "channel") ? "brand" : "desk"), .file = "mentiond-call", .line = 1 };
        uint32_t kind = streq(arguments[2], "channel") ? MENTIOND_CHANNEL : MENTIOND_HELPDESK;
        struct problems p = PROBLEMS_INIT;
        struct instance *i;

        for (int n = 3; n < arguments_n; n++) {
                size_t name = strcspn(arguments[n], "=");
                _cleanup_free_ char *key = xstrndup(arguments[n], name);

                section_add(&s, key, arguments[n] + name + (arguments[n][name] == '='), 1);
        }
        if (kind == MENTIOND_CHANNEL)
                section_add(&s, "helpdesk", "desk", 1);
        i = instance_new(&host, &s, kind, arguments[1], &p);
        fputs(buffer_str(&p.text), stderr);
        section_done(&s);
        buffer_done(&p.text);
        return i;
}

static void run(void *data)
{
        const char *directory = data;
        _cleanup_free_ char *error = NULL;
        struct store_instance brand;

        if (http_new(host.loop, "mentiond-call", &host.http) < 0 || store_open(host.loop, directory, STORE_INLINE, &host.store, &error) < 0)
                abort();
        instance = make();
        if (instance) {
                if (store_instance_get(host.store, "brand", "mastodon", &brand) < 0 || instance_read(instance) < 0)
                        abort();
                channel = brand.id;
                instance->helpdesk_id = instance_is_channel(instance) ? instance->stored.id : 0;
                instance->stored.polled = true;          /* so that all is new */
                serve();
                instance_free(instance);
        }
        store_close(host.store);
        http_free(host.http);
        plugin_forget_all();
}

static void done(void *data _unused_)
{
        loop_exit(host.loop, instance ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void on_log(int level _unused_, const char *text, void *data _unused_)
{
        fprintf(stderr, "%s\n", text);
}

static int remove_one(const char *path, const struct stat *st _unused_, int type _unused_, struct FTW *ftw _unused_)
{
        return remove(path);
}

int main(int argc, char **argv)
{
        char directory[] = "/tmp/mentiond-call-XXXXXX";
        int r;

        if (argc < 4 || (!streq(argv[2], "channel") && !streq(argv[2], "helpdesk"))) {
                fputs("usage: mentiond-call DIRECTORY channel|helpdesk NAME=VALUE...\n", stderr);
                return 2;
        }
        arguments_n = argc;
        arguments = argv;
        log_set_sink(on_log, NULL);
        log_set_level(LOG_WARNING);
        if (!mkdtemp(directory) || loop_new(&host.loop) < 0)
                abort();
        (void) task_start(host.loop, "call", run, done, directory);
        r = loop_run(host.loop);
        loop_free(host.loop);
        task_cleanup();
        (void) nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        return r;
}
