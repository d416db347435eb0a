/* SPDX-License-Identifier: MIT
 *
 * Channel "facebook": requests, and lists of many pages.  Owns the table of errors.
 */
#include "facebook.h"

enum { ANY_SUBCODE = 0, MAY_HAVE_HAPPENED = -1 };

/* By error.code: a status of 400, 403 or 500 says nothing.  The first row that fits. */
static const struct {
        int64_t first, last, subcode;
        int verdict;
        const char *words;
} errors[] = {
        { 190, 190, 463, MENTIOND_AUTH, "the token has expired" },
        { 190, 190, 460, MENTIOND_AUTH, "the token is void, for a password was changed" },
        { 190, 190, 458, MENTIOND_AUTH, "the token is void, for the app was removed from the account" },
        { 190, 190, ANY_SUBCODE, MENTIOND_AUTH, "the token is refused" },
        { 102, 102, ANY_SUBCODE, MENTIOND_AUTH, "the token is refused" },
        { 4, 4, ANY_SUBCODE, MENTIOND_THROTTLED, "the app has made too many requests" },
        { 17, 17, ANY_SUBCODE, MENTIOND_THROTTLED, "too many requests were made" },
        { 32, 32, ANY_SUBCODE, MENTIOND_THROTTLED, "too many requests were made for the Page" },
        { 341, 341, ANY_SUBCODE, MENTIOND_THROTTLED, "the app has reached a limit" },
        { 613, 613, ANY_SUBCODE, MENTIOND_THROTTLED, "too many requests of this kind were made" },
        { 80000, 80014, ANY_SUBCODE, MENTIOND_THROTTLED, "too many requests were made for the Page" },
        { 368, 368, 1390008, MENTIOND_THROTTLED, "Facebook lets the Page write no more for some time" },
        { 368, 368, ANY_SUBCODE, MENTIOND_REJECTED, "Facebook takes it for abuse" },
        { 100, 100, 33, MENTIOND_GONE, "it is gone, or the Page may not see it" },
        { 803, 803, ANY_SUBCODE, MENTIOND_GONE, "it is gone, or the Page may not see it" },
        { 10, 10, 2018278, MENTIOND_REJECTED, "the time in which Messenger lets the Page answer is over" },
        { 10900, 10900, ANY_SUBCODE, MENTIOND_REJECTED, "it was answered in private before, and that can be done once" },
        { 551, 551, ANY_SUBCODE, MENTIOND_REJECTED, "this person takes no messages of the Page" },
        { 3, 3, ANY_SUBCODE, MENTIOND_BLOCKED, "the app lacks a right: mentionctl doctor says which" },
        { 10, 10, ANY_SUBCODE, MENTIOND_BLOCKED, "the token lacks a right: mentionctl doctor says which" },
        { 200, 299, ANY_SUBCODE, MENTIOND_BLOCKED, "the token lacks a right: mentionctl doctor says which" },
        { 506, 506, ANY_SUBCODE, MAY_HAVE_HAPPENED, "the same was said just before" },
        { 1, 2, ANY_SUBCODE, MAY_HAVE_HAPPENED, "Facebook has failed" },
};

/* Of a failure that Facebook calls transient something may have been made all the same. */
static int judge(struct mentiond_op *op, const struct facebook *f, struct json_object *error, uint32_t status, bool repeatable)
{
        int64_t code = mj_int(error, "code", -1), subcode = mj_int(error, "error_subcode", 0);
        const char *message = mj_str(error, "message"), *words = "Facebook refuses it";
        int verdict = status >= 500 || mj_true(error, "is_transient") ? MAY_HAVE_HAPPENED : MENTIOND_REJECTED;

        for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
                if (code >= errors[i].first && code <= errors[i].last
                    && (errors[i].subcode == ANY_SUBCODE || errors[i].subcode == subcode)) {
                        verdict = errors[i].verdict;
                        words = errors[i].words;
                        break;
                }
        if (verdict == MAY_HAVE_HAPPENED)
                verdict = repeatable ? MENTIOND_RETRY : MENTIOND_AMBIGUOUS;
        /* It repeats a token that it does not like. */
        if (verdict == MENTIOND_AUTH || strstr(message, mentiond_reveal(f->token)))
                message = "";
        return mentiond_fail(op, verdict, "%s (error %lld/%lld%s%s)", words, (long long) code, (long long) subcode,
                             *message ? ": " : "", message);
}

int facebook_call(struct mentiond_op *op, const struct facebook *f, const char *method, uint32_t flags, struct json_object *body,
                  const char *path, struct json_object **ret)
{
        const char *token = mentiond_reveal(f->token);
        const char *proof = mentiond_hmac(op, MENTIOND_HMAC_SHA256_HEX, mentiond_reveal(f->secret), token, strlen(token));
        bool repeatable = strcmp(method, "GET") == 0 || flags & MENTIOND_REPEATABLE;
        struct mentiond_request request = { .struct_size = sizeof(request), .method = method, .flags = flags, .json = body };
        struct mentiond_response response = { .struct_size = sizeof(response) };

        if (body)
                mj_put_str(body, "appsecret_proof", proof);
        else
                path = mentiond_format(op, "%s%cappsecret_proof=%s", path, strchr(path, '?') ? '&' : '?', proof);
        request.path = mentiond_format(op, "/%s/%s", f->version, path);
        int r = mentiond_http(op, &request, &response);
        struct json_object *error = mj_get(response.json, "error");
        if (json_object_is_type(error, json_type_object))        /* else it is none of Facebook's */
                return judge(op, f, error, response.status, repeatable);
        /* A status alone says nothing: the answer is somebody else's, or half of one. */
        if ((r == MENTIOND_OK && !json_object_is_type(response.json, json_type_object))
            || (response.status && (r == MENTIOND_REJECTED || r == MENTIOND_GONE)))
                return mentiond_fail(op, repeatable ? MENTIOND_RETRY : MENTIOND_AMBIGUOUS,
                                     "the answer is none of Facebook's (status %u)", response.status);
        if (r == MENTIOND_OK && ret)
                *ret = response.json;
        return r;
}

/* paging.next is an address with the token in it: it is not used.  Conversations have the time of what was said last in them,
 * other items that of their making. */
int facebook_read(struct facebook_list *l, struct json_object *page)
{
        const char *path = l->path, *after = "";
        struct json_object *data, *item;
        int64_t oldest_usec = INT64_MAX;
        size_t n = 0;
        bool more;

        do {
                int r = page ? MENTIOND_OK : facebook_call(l->op, l->f, "GET", l->flags, NULL, path, &page);

                if (r != MENTIOND_OK)
                        return r;
                data = mj_get(page, "data");
                if (!json_object_is_type(data, json_type_array))
                        return mentiond_fail(l->op, MENTIOND_RETRY, "Facebook shows a list without items");
                l->fresh = false;
                MJ_EACH(item, data) {
                        const char *time = mj_get(item, "updated_time") ? "updated_time" : "created_time";
                        int64_t usec = mentiond_parse_time(mj_str(item, time));

                        if (usec && usec < oldest_usec)
                                oldest_usec = usec;
                        r = json_object_is_type(item, json_type_object) ? l->take(l, item) : MENTIOND_OK;
                        if (r != MENTIOND_OK)
                                return r;
                }
                const char *before = after;
                after = mj_str(mj_get(mj_get(page, "paging"), "cursors"), "after");
                if (*after && strcmp(after, before) == 0)
                        return mentiond_fail(l->op, MENTIOND_RETRY, "Facebook shows the same page of a list again and again");
                more = *after && *mj_str(mj_get(page, "paging"), "next");
                path = mentiond_format(l->op, "%s&after=%s", l->path, mentiond_escape(l->op, after));
                n += mj_len(data);               /* pages may be short, or empty, and not the last */
                page = NULL;
        } while (more &&
                 (l->fresh || n < l->least || oldest_usec > (l->until_usec ? l->until_usec : mentiond_horizon_usec(l->op))));
        return MENTIOND_OK;
}
