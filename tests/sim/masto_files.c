/* SPDX-License-Identifier: MIT
 *
 * The model networks' files: what the daemon uploads for its posts.  A film is worked on for some looks at it.  Owns them.
 */
#include "masto.h"

struct upload {
        int network, status;             /* status -1: no post has it */
        int work;                        /* looks at it that still find it unfinished */
        char *id, *name, *type, *description;
};
static struct upload *uploads;
static int n_uploads;

static struct json_object *upload_json(const struct upload *u)
{
        struct json_object *o = json_object_new_object();
        _cleanup_free_ char *url = xasprintf("https://%s/files/%s", social.networks[u->network].host, u->id);

        mj_put_str(o, "id", u->id);
        mj_put_str(o, "type", "image");
        mj_put_str(o, "url", u->work ? NULL : url);
        mj_put_str(o, "preview_url", url);
        mj_put_str(o, "description", u->description);
        return o;
}

static struct upload *find(int network, const char *id)
{
        for (int i = 0; i < n_uploads; i++)
                if (uploads[i].network == network && streq(uploads[i].id, id))
                        return &uploads[i];
        return NULL;
}

/* What is between two texts, behind a third. */
static char *between_texts(const char *text, const char *behind, const char *from, const char *to)
{
        const char *at = strstr(text, behind), *end;

        at = at ? strstr(at, from) : NULL;
        if (!at)
                return xstrdup("");
        at += strlen(from);
        end = strstr(at, to);
        return end ? xstrndup(at, (size_t) (end - at)) : xstrdup("");
}

struct answer masto_upload(const struct request *q)
{
        const struct network *net = &social.networks[q->server];
        struct upload *u;

        if (!strstr(q->text, "name=\"file\""))
                return masto_refuse(net->kind == &mastodon_kind ? 422 : 400, "no file");
        uploads = xrealloc(uploads, (size_t) (n_uploads + 1) * sizeof *uploads);
        u = &uploads[n_uploads];
        *u = (struct upload) {
                .network = q->server, .status = -1,
                .name = between_texts(q->text, "name=\"file\"", "filename=\"", "\""),
                .type = between_texts(q->text, "name=\"file\"", "Content-Type: ", "\r\n"),
                .description = between_texts(q->text, "name=\"description\"", "\r\n\r\n", "\r\n"),
        };
        if (net->kind != &snac_kind && !startswith(u->type, "image/") && !startswith(u->type, "video/"))
                return masto_refuse(422, "error processing media");
        u->work = net->kind == &mastodon_kind && startswith(u->type, "video/") ? (int) between(R_NET, 1, 4) : 0;
        u->id = net->kind == &snac_kind ? xasprintf("post-%08d.png", n_uploads) : xasprintf("77%06d", n_uploads);
        n_uploads++;
        note("the network takes the file %s as %s", u->name, u->id);
        return masto_reply(u->work ? 202 : 200, upload_json(u));
}

struct answer masto_file(const struct request *q, const char *id)
{
        struct upload *u = find(q->server, id);

        if (!u || (u->status >= 0 && social.networks[q->server].kind != &snac_kind) || (!streq(q->method, "GET") && !streq(q->method, "PUT")))
                return masto_refuse(404, "Record not found");
        if (streq(q->method, "PUT"))
                strset(&u->description, mj_str(q->body, "description"));
        if (u->work && --u->work)
                return masto_reply(206, upload_json(u));
        return masto_reply(200, upload_json(u));
}

struct json_object *masto_files_json(int status)
{
        struct json_object *list = json_object_new_array();

        for (int i = 0; i < n_uploads; i++)
                if (uploads[i].status == status)
                        (void) json_object_array_add(list, upload_json(&uploads[i]));
        return list;
}

int masto_judge_files(const struct request *q)
{
        struct json_object *ids = mj_get(q->body, "media_ids");

        for (size_t i = 0; i < mj_len(ids); i++) {
                const struct upload *u = find(q->server, json_object_get_string(mj_at(ids, i)));

                if (!u || u->work || u->status >= 0)
                        return social.networks[q->server].kind == &gotosocial_kind ? 400 : 422;
        }
        return 0;
}

/* Those that it names, and no others. */
void masto_attach(const struct request *q, int status)
{
        struct json_object *ids = mj_get(q->body, "media_ids");

        for (int i = 0; i < n_uploads; i++)
                if (uploads[i].status == status)
                        uploads[i].status = -1;
        for (size_t i = 0; i < mj_len(ids); i++) {
                struct upload *u = find(q->server, json_object_get_string(mj_at(ids, i)));

                if (u)
                        u->status = status;
        }
}
