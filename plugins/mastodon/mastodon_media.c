/* SPDX-License-Identifier: MIT
 *
 * Channel "mastodon": the files of a post.  Each is uploaded by itself, before the post; one that is uploaded twice, or that no
 * post follows, the server throws away.  Owns the record of those that it still works on: films take minutes, and an attempt at
 * a post must not.
 */
#include "mastodon.h"

#define WORK_USEC INT64_C(60000000)      /* how long an attempt waits for the server's work on its files: half of what it has */
#define LOOK_USEC INT64_C(500000)        /* between its first two looks; doubles */
#define LOOK_MAX_USEC INT64_C(4000000)
#define EXTENSION_MAX 5

enum { PROCESSING = 202, PARTIAL = 206 };

static struct mastodon_file *known_file(struct mastodon *m, const char *name)
{
        for (size_t i = 0; i < sizeof(m->files) / sizeof(m->files[0]); i++)
                if (strcmp(m->files[i].name, name) == 0)
                        return &m->files[i];
        return NULL;
}

static void remember(struct mastodon *m, const char *name, const char *id)
{
        struct mastodon_file *f = &m->files[m->n_files % (sizeof(m->files) / sizeof(m->files[0]))];

        if (strlen(name) >= sizeof(f->name) || strlen(id) >= sizeof(f->id))
                return;
        m->n_files++;
        strcpy(f->name, name);
        strcpy(f->id, id);
}

static void forget(struct mastodon *m, const char *name)
{
        struct mastodon_file *f = known_file(m, name);

        if (f)
                *f->name = '\0';
}

/* Servers go by it; some by nothing else. */
static const char *extension(struct mentiond_op *op, const struct mentiond_upload *u)
{
        static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        const char *dot = strrchr(u->name, '.'), *slash = strchr(u->type, '/');
        size_t n = dot ? strspn(dot + 1, letters) : 0;

        if (n && n <= EXTENSION_MAX && !dot[1 + n])
                return dot + 1;
        n = slash ? strspn(slash + 1, letters) : 0;
        return n && n <= EXTENSION_MAX ? mentiond_format(op, "%.*s", (int) n, slash + 1) : "bin";
}

static int upload(struct mentiond_op *op, const struct mentiond_upload *u, const char *name, struct mentiond_response *ret)
{
        struct mentiond_request request = {
                .struct_size = sizeof(request), .flags = MENTIOND_REPEATABLE, .method = "POST", .path = "/api/v2/media",
        };
        const struct mentiond_field fields[] = {
                { .struct_size = sizeof(fields[0]), .name = "file", .data = u->data, .size = u->size, .type = u->type,
                  .file = mentiond_format(op, "%s.%s", name, extension(op, u)) },
                { .struct_size = sizeof(fields[0]), .name = "description", .data = u->description,
                  .size = strlen(u->description) },
        };

        mentiond_set_form(op, &request, fields, *u->description ? 2 : 1);
        int r = mentiond_http(op, &request, ret);
        if (mastodon_lacks_scope(ret))
                return mentiond_fail(op, MENTIOND_REJECTED,
                                     "the token lacks the right write:media, so nothing can be posted with files: "
                                     "the administrator can make a new one (mentiond-mastodon(5), The token)");
        if (r == MENTIOND_GONE || r == MENTIOND_REJECTED)
                return mentiond_fail(op, MENTIOND_REJECTED, "the server does not take the file %s (%s)", u->name,
                                     mentiond_reason(op));
        if (r == MENTIOND_OK && !*mj_str(ret->json, "id"))
                return mentiond_fail(op, MENTIOND_RETRY, "the server took the file %s without naming it", u->name);
        return r;
}

/* Until it has done its work on the file. */
static int wait_for(struct mentiond_op *op, const struct mentiond_upload *u, const char *id, int64_t until_usec)
{
        struct mentiond_request request = {
                .struct_size = sizeof(request), .path = mentiond_format(op, "/api/v1/media/%s", mentiond_escape(op, id)),
        };

        for (int64_t usec = LOOK_USEC;; usec = usec * 2 < LOOK_MAX_USEC ? usec * 2 : LOOK_MAX_USEC) {
                struct mentiond_response response = { .struct_size = sizeof(response) };
                int r = mentiond_http(op, &request, &response);

                if (r == MENTIOND_REJECTED)
                        return mentiond_fail(op, r, "the server cannot make anything of the file %s (%s)", u->name,
                                             mentiond_reason(op));
                if (r != MENTIOND_OK || response.status != PARTIAL)
                        return r;
                if (mentiond_steady_usec(op) + usec > until_usec)
                        return mentiond_fail(op, MENTIOND_RETRY, "the server is still working on the file %s", u->name);
                r = mentiond_sleep(op, usec);
                if (r != MENTIOND_OK)
                        return r;
        }
}

/* The file's name is the post's: it tells nothing of where the file was, and snac, which knows files by it, keeps them apart. */
static int bring(struct mentiond_op *op, struct mastodon *m, const struct mentiond_upload *u, const char *name,
                 int64_t until_usec, const char **ret_id)
{
        const struct mastodon_file *f = known_file(m, name);
        struct mentiond_response response = { .struct_size = sizeof(response) };

        *ret_id = f ? mentiond_format(op, "%s", f->id) : "";
        if (!f) {
                int r = upload(op, u, name, &response);

                if (r != MENTIOND_OK)
                        return r;
                *ret_id = mj_str(response.json, "id");
                if (response.status != PROCESSING)
                        return MENTIOND_OK;
                remember(m, name, *ret_id);
        }
        int r = wait_for(op, u, *ret_id, until_usec);
        if (r == MENTIOND_GONE || r == MENTIOND_REJECTED)
                forget(m, name);
        return r == MENTIOND_GONE ? mentiond_fail(op, MENTIOND_RETRY, "the server has lost the file %s", u->name) : r;
}

int mastodon_upload(struct mentiond_op *op, struct mastodon *m, const struct mentiond_post *part, struct json_object **ret_ids)
{
        int64_t until_usec = mentiond_steady_usec(op) + WORK_USEC;

        *ret_ids = part->n_uploads ? mentiond_json(op, "[]") : NULL;
        for (uint32_t i = 0; i < part->n_uploads; i++) {
                const char *id, *name = mentiond_format(op, "%s-%u", part->key, i + 1);
                int r = bring(op, m, mentiond_upload_at(part, i), name, until_usec, &id);

                if (r != MENTIOND_OK)
                        return r;
                mj_add_str(*ret_ids, id);
        }
        return MENTIOND_OK;
}
