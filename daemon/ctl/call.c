/* SPDX-License-Identifier: MIT
 *
 * Single operations of a plugin, told as JSON.  Called by mentiond-check.
 */
#include "ctl/call.h"

#include "base/clock.h"
#include "base/text.h"
#include "host/op.h"

#include <mentiond/json.h>

/* --- Arguments --- */

/* Of one object of the list "name": data is decoded. */
static const void *data_of(struct mentiond_op *op, struct json_object *o, uint64_t *ret_size)
{
        size_t size = 0;
        char *data = *mj_str(o, "data") ? text_base64_decode(mj_str(o, "data"), &size) : NULL;

        *ret_size = data ? size : (uint64_t) mj_int(o, "size", 0);
        return data ? arena_take(op->arena, data) : NULL;
}

static struct mentiond_attachment *attachments(struct mentiond_op *op, struct json_object *q, uint32_t *ret_n)
{
        struct json_object *list = mj_get(q, "attachments");
        struct mentiond_attachment *all = arena_alloc(op->arena, (mj_len(list) + 1) * sizeof *all);

        *ret_n = (uint32_t) mj_len(list);
        for (size_t i = 0; i < mj_len(list); i++) {
                struct json_object *o = mj_at(list, i);

                all[i] = (struct mentiond_attachment) {
                        .struct_size = sizeof *all, .name = mj_str(o, "name"), .type = mj_str(o, "type"),
                };
                all[i].data = data_of(op, o, &all[i].size);
        }
        return all;
}

static struct mentiond_post post_of(struct mentiond_op *op, struct json_object *q)
{
        struct json_object *list = mj_get(q, "uploads");
        struct mentiond_upload *all = arena_alloc(op->arena, (mj_len(list) + 1) * sizeof *all);

        for (size_t i = 0; i < mj_len(list); i++) {
                struct json_object *o = mj_at(list, i);

                all[i] = (struct mentiond_upload) {
                        .struct_size = sizeof *all, .name = mj_str(o, "name"), .type = mj_str(o, "type"),
                        .description = mj_str(o, "description"),
                };
                all[i].data = data_of(op, o, &all[i].size);
        }
        return (struct mentiond_post) {
                .struct_size = sizeof(struct mentiond_post), .visibility = (uint32_t) mj_int(q, "visibility", MENTIOND_UNLISTED),
                .key = mj_str(q, "key"), .text = mj_str(q, "text"), .parent = mj_str(q, "parent"), .root = mj_str(q, "root"),
                .warning = mj_str(q, "warning"),
                .language = mj_str(q, "language"), .tried_usec = mj_int(q, "tried_usec", 0), .again = mj_int(q, "again", 0) != 0,
                .only = mj_str(q, "only"), .uploads = all,
                .n_uploads = (uint32_t) mj_len(list),
        };
}

static struct mentiond_filing filing_of(struct mentiond_op *op, struct json_object *q)
{
        struct mentiond_filing f = {
                .struct_size = sizeof f, .key = mj_str(q, "key"), .thread_key = mj_str(q, "thread_key"),
                .ticket = mj_str(q, "ticket"), .queue = mj_str(q, "queue"),
                .title = mj_str(q, "title"), .text = mj_str(q, "text"), .customer = mj_str(q, "customer"),
                .author = mj_str(q, "author"), .network = mj_str(q, "network"),
                .url = mj_str(q, "url"), .created_usec = mj_int(q, "created_usec", 0), .after = mj_str(q, "after"),
        };

        f.attachments = attachments(op, q, &f.n_attachments);
        return f;
}

static struct mentiond_note note_of(struct json_object *q)
{
        return (struct mentiond_note) {
                .struct_size = sizeof(struct mentiond_note), .kind = (uint32_t) mj_int(q, "kind", 0), .key = mj_str(q, "key"),
                .ticket = mj_str(q, "ticket"),
                .subject = mj_str(q, "subject"), .text = mj_str(q, "text"), .article = mj_str(q, "article"),
                .url = mj_str(q, "url"), .network = mj_str(q, "network"),
        };
}

static struct mentiond_lookup lookup_of(struct json_object *q)
{
        return (struct mentiond_lookup) {
                .struct_size = sizeof(struct mentiond_lookup), .key = mj_str(q, "key"), .thread_key = mj_str(q, "thread_key"),
                .ticket = mj_str(q, "ticket"),
                .customer = mj_str(q, "customer"), .title = mj_str(q, "title"), .tried_usec = mj_int(q, "tried_usec", 0),
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

static void tell_start(struct json_object *o, const struct instance *instance)
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
        mj_put_int(o, "bytes_max", c->bytes_max);
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
                mj_put_int(one, "right", again->right.right);
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

static int call_download(struct mentiond_op *op, struct json_object *q, struct json_object *o)
{
        const struct instance *i = op->instance;
        struct mentiond_file file = { .struct_size = sizeof file };
        int r = i->plugin->channel.download(op, i->plugin_state, mj_str(q, "id"), (uint64_t) mj_int(q, "max", INT64_MAX), &file);
        _cleanup_free_ char *data = r == MENTIOND_OK ? text_base64_encode(file.data, file.size) : NULL;

        mj_put_str(o, "name", file.name);
        mj_put_str(o, "data", data);
        return r;
}

static int call_channel(struct mentiond_op *op, const char *call, struct json_object *q, struct json_object *o)
{
        const struct mentiond_channel *c = &op->instance->plugin->channel;
        void *state = op->instance->plugin_state;
        struct mentiond_posted posted = { .struct_size = sizeof posted };
        struct mentiond_post post = post_of(op, q);
        int r;

        if (streq(call, "start"))
                return c->start(op, state);
        if (streq(call, "poll"))
                return c->poll(op, state);
        if (streq(call, "fetch") && c->fetch)
                return c->fetch(op, state, mj_str(q, "id"));
        if (streq(call, "edit") && c->edit)
                return c->edit(op, state, &(struct mentiond_change) {
                        .struct_size = sizeof(struct mentiond_change), .id = mj_str(q, "id"), .text = mj_str(q, "text") });
        if (streq(call, "remove") && c->remove)
                return c->remove(op, state, mj_str(q, "id"));
        if (streq(call, "react") && c->react)
                return c->react(op, state, (uint32_t) mj_int(q, "reaction", 0), mj_str(q, "id"));
        if (streq(call, "download") && c->download)
                return call_download(op, q, o);
        if (streq(call, "doctor") && c->doctor)
                return c->doctor(op, state);
        if (streq(call, "reread") && c->reread) {
                struct json_object *list = mj_get(q, "ids");
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

static int call_helpdesk(struct mentiond_op *op, const char *call, struct json_object *q, struct json_object *o)
{
        const struct mentiond_helpdesk *h = &op->instance->plugin->helpdesk;
        void *state = op->instance->plugin_state;
        struct mentiond_filed filed = { .struct_size = sizeof filed };
        struct mentiond_filing filing = filing_of(op, q);
        struct mentiond_note note = note_of(q);
        struct mentiond_lookup lookup = lookup_of(q);
        int r;

        if (streq(call, "start"))
                return h->start(op, state);
        if (streq(call, "poll"))
                return h->poll(op, state);
        if (streq(call, "links") && h->links)
                return h->links(op, state);
        if (streq(call, "close") && h->close)
                return h->close(op, state, mj_str(q, "ticket"));
        if (streq(call, "doctor") && h->doctor)
                return h->doctor(op, state);
        if (streq(call, "review") && h->review) {
                struct mentiond_review review = { .struct_size = sizeof review };

                r = h->review(op, state, mj_str(q, "ticket"), mj_str(q, "article"), &review);
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

static int call(struct mentiond_op *op, const char *name, struct json_object *q, struct json_object *o)
{
        return OP_CALL(op, instance_is_channel(op->instance) ? call_channel(op, name, q, o) : call_helpdesk(op, name, q, o));
}

int call_perform(struct mentiond_op *op, struct json_object *arguments, struct json_object *answer)
{
        const char *name = mj_str(arguments, "call");
        struct report report;
        int verdict;

        if (streq(name, "doctor")) {
                report_init(&report, op->instance->name);
                op->report = &report;
        }
        verdict = call(op, name, arguments, answer);
        if (op->report)
                (void) json_object_object_add(answer, "report", TAKE_PTR(report.lines));
        op->report = NULL;
        mj_put_str(answer, "verdict", verdict_name(verdict));
        mj_put_str(answer, "reason", op->reason);
        if (streq(name, "start") && verdict == MENTIOND_OK)
                tell_start(answer, op->instance);
        tell_items(answer, op);
        return verdict;
}

/* A thread whose root is the ticket's number has this ticket. */
int call_know_ticket(struct host *host, int64_t channel, const struct instance *helpdesk, const char *ticket)
{
        struct store_item item = {
                .kind = KIND_MENTION, .state = STATE_NEW, .native_id = ticket, .root = ticket, .parent = "", .created_usec = 1,
                .ready_usec = 1,
                .payload = "{}", .kept = { .handle = "@alice@example", .language = "", .warning = "", .visibility = 1 },
        };
        struct store_poll p = { .source = channel, .target = helpdesk->stored.id, .items = &item, .n_items = 1 };
        struct store_thread link = { .helpdesk = helpdesk->stored.id, .ticket = ticket, .number = ticket, .url = "" };
        int r = store_commit_poll(host->store, &p);

        return r < 0 ? r : store_move(host->store, &(struct store_move) {
                .id = store_row_of(host->store, channel, ticket), .state = STATE_FILED, .link = &link, .now_usec = utc_usec() });
}
