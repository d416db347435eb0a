/* SPDX-License-Identifier: MIT
 *
 * Channel "x": the pictures of a post.  Each is uploaded by itself, before the post; one that is uploaded twice, or that no post
 * follows, X throws away after a day.  Owns nothing.
 */
#include "x.h"

static int refused(struct mentiond_op *op, int verdict, const struct mentiond_upload *u)
{
        if (verdict == MENTIOND_GONE || verdict == MENTIOND_REJECTED)
                return mentiond_fail(op, MENTIOND_REJECTED, "X does not take the file %s (%s)", u->name, mentiond_reason(op));
        return verdict;
}

static int describe(struct mentiond_op *op, struct x *x, const struct mentiond_upload *u, const char *id)
{
        struct json_object *metadata = json_object_new_object(), *alt = json_object_new_object();
        struct mentiond_request q = {
                .flags = MENTIOND_REPEATABLE | MENTIOND_APART, .method = "POST", .path = "/2/media/metadata",
                .json = mentiond_json_object(op),
        };
        struct mentiond_response response;

        mj_put_str(q.json, "id", id);
        MJ_PUT(q.json, "metadata", metadata);
        MJ_PUT(metadata, "alt_text", alt);
        mj_put_str(alt, "text", u->description);
        return x_call(op, x, &q, &response);
}

int x_upload(struct mentiond_op *op, struct x *x, const struct mentiond_post *part, struct json_object *ids)
{
        for (uint32_t i = 0; i < part->n_uploads; i++) {
                const struct mentiond_upload *u = (const void *) ((const char *) part->uploads
                                                                  + (size_t) i * part->uploads->struct_size);
                const struct mentiond_field fields[] = {
                        { .struct_size = sizeof(fields[0]), .name = "media_category", .data = "tweet_image",
                          .size = strlen("tweet_image") },
                        { .struct_size = sizeof(fields[0]), .name = "media_type", .data = u->type, .size = strlen(u->type) },
                        { .struct_size = sizeof(fields[0]), .name = "media", .type = u->type, .file = "picture", .data = u->data,
                          .size = u->size },
                };
                struct mentiond_request q = {
                        .flags = MENTIOND_REPEATABLE | MENTIOND_APART, .method = "POST", .path = "/2/media/upload",
                };
                struct mentiond_response response;

                mentiond_set_form(op, &q, fields, 3);
                int r = refused(op, x_call(op, x, &q, &response), u);
                const char *id = mj_str(mj_get(response.json, "data"), "id");
                if (r == MENTIOND_OK && !*id)
                        return mentiond_fail(op, MENTIOND_RETRY, "X took the file %s without naming it", u->name);
                if (r == MENTIOND_OK && *u->description)
                        r = refused(op, describe(op, x, u, id), u);
                if (r != MENTIOND_OK)
                        return r;
                (void) json_object_array_add(ids, json_object_new_string(id));
        }
        return MENTIOND_OK;
}
