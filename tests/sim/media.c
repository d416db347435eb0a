/* SPDX-License-Identifier: MIT
 *
 * The model of the server that has the files of posts.  Some of them it never had, some are not what they were called,
 * some are empty.  Owns the count of what failed.
 */
#include "social.h"

static int *failures;
static int n_files;

void media_add(int status, int n)
{
        struct status *s = &social.statuses[status];

        s->media = n_files;
        s->n_media = n;
        n_files += n;
        failures = xrealloc(failures, (size_t) n_files * sizeof *failures);
        memset(failures + s->media, 0, (size_t) n * sizeof *failures);
}

char *media_url(int file)
{
        return xasprintf("https://media.example/files/%d.png?small", file);
}

char *media_content(int file)
{
        return file % 13 == 4 ? xstrdup("") : xasprintf("the picture %d", file);
}

bool media_is_good(int file)
{
        return file % 7 != 3 && file % 11 != 5;
}

int media_failures(int file)
{
        return failures[file];
}

struct json_object *media_json(const struct status *s)
{
        struct json_object *list = json_object_new_array();

        for (int k = 0; k < s->n_media; k++) {
                struct json_object *o = json_object_new_object();
                _cleanup_free_ char *url = media_url(s->media + k);

                /* Null until the server has a copy of its own. */
                mj_put_str(o, "url", (s->media + k) % 3 ? url : NULL);
                mj_put_str(o, "remote_url", url);
                mj_put_str(o, "type", "image");
                mj_put_str(o, "description", k ? "a parcel" : NULL);
                (void) json_object_array_add(list, o);
        }
        return list;
}

static int file_of(const struct request *q)
{
        int file = startswith(q->path, "/files/") ? atoi(q->path + strlen("/files/")) : -1;

        return file >= 0 && file < n_files ? file : -1;
}

void media_on_fault(const struct request *q)
{
        int file = file_of(q);

        happened(MEDIA_FAILED);
        if (file >= 0)
                failures[file]++;
}

struct answer media_handle(const struct request *q)
{
        int file = file_of(q);

        /* Some say so with a picture. */
        if (file < 0 || file % 7 == 3)
                return (struct answer) {
                        .status = 404, .text = xstrdup("gone"),
                        .headers = xstrdup(file % 2 ? "Content-Type: text/plain\r\n" : "Content-Type: image/png\r\n"),
                };
        happened(MEDIA_FETCHED);
        return (struct answer) {
                .status = 200, .text = media_content(file),
                .headers = xstrdup(file % 11 == 5 ? "Content-Type: text/html\r\n" : "Content-Type: image/png; x=y\r\n"),
        };
}
