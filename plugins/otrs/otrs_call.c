/* SPDX-License-Identifier: MIT
 *
 * One call of the web service: the session, and what its answers mean.
 *
 * Nothing about an answer can be taken from the status alone.  What an operation refuses comes as 200 with
 * {"Error": {ErrorCode, ErrorMessage}}; what breaks in the middle of one comes as 500 with a faultstring,
 * and may have made a part of a ticket; what the transport refuses comes as 500 with a bare sentence.
 * Used by the other otrs_*.c; owns otrs->session, logging_in and login_verdict. */
#include "otrs.h"

static const char not_there[] = "the web service mentiond is not there: import it with otrs-import, and see "
                                "whether the option url names it";

/* The verdict on a call that may have done what it was to do. */
static int unclear(enum otrs_effect effect)
{
        return effect == OTRS_WRITES ? MENTIOND_AMBIGUOUS : MENTIOND_RETRY;
}

/* What a reply other than 200 means, where the host's verdict does not say it all. */
static int refine(struct mentiond_op *op, int verdict, enum otrs_effect effect,
                  const struct mentiond_response *reply)
{
        struct json_object *fault = mj_get(reply->json, "faultstring");

        switch (reply->status) {
        case 0:
        case 401:
        case 408:
        case 413:
        case 429:
        case 502:
        case 503:
        case 504:
                return verdict;
        case 500:
                break;
        case 404:
                return mentiond_fail(op, MENTIOND_RETRY, "HTTP status 404: %s", not_there);
        default:
                /* This says nothing about one ticket or item. */
                return mentiond_fail(op, reply->status >= 500 || reply->status <= 303 ? unclear(effect) : MENTIOND_RETRY,
                                     "HTTP status %u, of the web server or a proxy before the helpdesk", reply->status);
        }
        if (fault)
                return mentiond_fail(op, verdict, "the helpdesk failed: %s", json_object_get_string(fault));
        if (strstr(reply->body, "determine Operation"))
                return mentiond_fail(op, MENTIOND_RETRY,
                                     "the web service is an old or another one: import it again with otrs-import");
        if (strstr(reply->body, "decoding request content"))
                return mentiond_fail(op, MENTIOND_REJECTED, "the helpdesk could not read the request");
        return mentiond_fail(op, verdict, "the helpdesk failed (HTTP status 500) without saying why; if it does so "
                                          "for everything, %s", not_there);
}

static int exchange(struct mentiond_op *op, const char *operation, enum otrs_effect effect,
                    struct json_object *body, struct json_object **ret)
{
        struct mentiond_response reply = { .struct_size = sizeof(reply) };
        struct mentiond_request request = {
                .struct_size = sizeof(request),
                .flags = effect == OTRS_WRITES ? 0 : MENTIOND_REPEATABLE,
                .method = "POST",
                .path = mentiond_format(op, "/%s", operation),
                .json = body,
                .max_reply = strcmp(operation, "TicketGet") == 0 ? OTRS_TICKETS_MAX : 0,
        };
        int r = mentiond_http(op, &request, &reply);

        if (r == MENTIOND_CANCELED)
                return r;
        if (reply.status != 200)
                return refine(op, r, effect, &reply);
        if (!json_object_is_type(reply.json, json_type_object))
                return mentiond_fail(op, unclear(effect),
                                     "the answer to %s is not JSON: does the option url name the web service?",
                                     operation);
        *ret = reply.json;
        return MENTIOND_OK;
}

/* The part of an ErrorCode behind the operation's name, "" if the reply is none. */
static const char *error_code(struct json_object *reply)
{
        const char *code = mj_str(mj_get(reply, "Error"), "ErrorCode");
        const char *dot = strrchr(code, '.');

        return dot ? dot + 1 : code;
}

static int error(struct mentiond_op *op, enum otrs_effect effect, struct json_object *reply)
{
        static const struct {
                const char *code;
                int verdict;
        } known[] = {
                { "AuthFail", MENTIOND_AUTH },
                { "AccessDenied", MENTIOND_GONE },
                { "InvalidParameter", MENTIOND_REJECTED },
                { "MissingParameter", MENTIOND_REJECTED },
                { "InvalidConfiguration", MENTIOND_RETRY },
        };
        const char *code = error_code(reply), *message = mj_str(mj_get(reply, "Error"), "ErrorMessage");
        int verdict = unclear(effect);

        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
                if (strcmp(code, known[i].code) == 0)
                        verdict = known[i].verdict;
        if (!*message)
                return mentiond_fail(op, verdict, "the helpdesk answered with the error \"%s\" and did not say why", code);
        return mentiond_fail(op, verdict, "%s", message);
}

static int create_session(struct mentiond_op *op, struct otrs *otrs)
{
        struct json_object *body = mentiond_json(op, "{'UserLogin': %s, 'Password': %s}", otrs->user,
                                                 mentiond_reveal(otrs->password)), *reply;
        const char *session;
        int r = exchange(op, "SessionCreate", OTRS_READS, body, &reply);

        if (r != MENTIOND_OK)
                return r;
        if (strcmp(error_code(reply), "AuthFail") == 0)
                return mentiond_fail(op, MENTIOND_AUTH, "the helpdesk refuses the user %s or the password",
                                     otrs->user);
        if (mj_get(reply, "Error"))
                return error(op, OTRS_READS, reply);
        session = mj_str(reply, "SessionID");
        if (!*session || strlen(session) > OTRS_SESSION_MAX)
                return mentiond_fail(op, MENTIOND_BUG, "the helpdesk gave no usable session");
        strcpy(otrs->session, session);
        return MENTIOND_OK;
}

/* Gets a session other than stale.  One operation at a time logs in, the others take what it got: failed
 * logins are counted by the helpdesk, and lock the user out. */
static int login(struct mentiond_op *op, struct otrs *otrs, const char *stale)
{
        int r;

        if (strcmp(otrs->session, stale) != 0)
                return MENTIOND_OK;
        if (otrs->logging_in) {
                while (otrs->logging_in) {
                        r = mentiond_sleep(op, 50000);
                        if (r != MENTIOND_OK)
                                return r;
                }
                if (strcmp(otrs->session, stale) != 0)
                        return MENTIOND_OK;
                return mentiond_fail(op, otrs->login_verdict == MENTIOND_AUTH ? MENTIOND_AUTH : MENTIOND_RETRY,
                                     "the login failed for another operation");
        }
        otrs->logging_in = true;
        r = create_session(op, otrs);
        otrs->logging_in = false;
        otrs->login_verdict = r;
        return r;
}

int otrs_call(struct mentiond_op *op, struct otrs *otrs, const char *operation, enum otrs_effect effect,
              struct json_object *body, struct json_object **ret)
{
        /* A copy, for another operation may log in while this one waits. */
        char session[sizeof(otrs->session)];
        struct json_object *reply;
        bool again = false;
        int r;

        strcpy(session, otrs->session);
        for (;; again = true) {
                if (again || !*session) {
                        r = login(op, otrs, session);
                        if (r != MENTIOND_OK)
                                return r;
                        strcpy(session, otrs->session);
                }
                mj_put_str(body, "SessionID", session);
                r = exchange(op, operation, effect, body, &reply);
                if (r != MENTIOND_OK)
                        return r;
                /* After AuthFail nothing was done: the session is looked at before anything else. */
                if (!again && strcmp(error_code(reply), "AuthFail") == 0)
                        continue;
                if (mj_get(reply, "Error") && effect != OTRS_PROBES)
                        return error(op, effect, reply);
                *ret = reply;
                return MENTIOND_OK;
        }
}
