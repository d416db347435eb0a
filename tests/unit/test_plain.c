/* SPDX-License-Identifier: MIT */
#include "flow/plain.h"

#include "base/text.h"
#include "flow/habits.h"
#include "flow/languages.h"

#include <setjmp.h>
#include <cmocka.h>
#include <ctype.h>
#include <unicase.h>
#include <uninorm.h>

#define NBSP "\xc2\xa0"

static struct arena *a;

static int setup(void **state)
{
        (void) state;
        a = arena_new();
        return 0;
}

static int teardown(void **state)
{
        (void) state;
        arena_free(a);
        return 0;
}

struct plain_case {
        const char *text, *plain;        /* NULL: as it was */
        const char *changes;             /* one in each line */
};

static void check(const struct plain_case *c, const char *const *handles)
{
        const struct plain_context context = { .handles = handles };
        struct plain p = plain_of(a, c->text, &context);
        char *changes = arena_strdup(a, ""), *again;

        for (size_t i = 0; i < p.n_changes; i++)
                changes = arena_printf(a, "%s%s%s", changes, i ? "\n" : "", p.changes[i]);
        if (!streq(p.text, c->plain ? c->plain : c->text) || !streq(changes, strempty(c->changes)))
                fail_msg("\"%s\" became \"%s\" (%s)", c->text, p.text, changes);
        /* What was made fit is. */
        again = arena_strdup(a, plain_of(a, p.text, &context).text);
        if (c->plain && p.n_changes > 0 && !streq(again, p.text))
                fail_msg("\"%s\" became \"%s\" when it was done again", p.text, again);
}

#define CHECK_ALL(cases, handles)                                            \
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)                       \
                check(&cases[i], handles)

static void salutations_alone_on_their_line_go(void **state)
{
        static const struct plain_case cases[] = {
                { "Dear Ms Miller,\n\nYour parcel is here.", "Your parcel is here.", "salutation left out: Dear Ms Miller," },
                { "Hi Alice,\nyour parcel is here.", "Your parcel is here.", "salutation left out: Hi Alice," },
                { "Hi Alice\n\nYour parcel is here.", "Your parcel is here.", "salutation left out: Hi Alice" },
                { "Hello!\nYour parcel is here.", "Your parcel is here.", "salutation left out: Hello!" },
                { "Hello, Alice!\nYour parcel is here.", "Your parcel is here.", "salutation left out: Hello, Alice!" },
                { "Good morning Dr. O\xe2\x80\x99Neil-Smith,\n\niPhones are here.", "iPhones are here.",
                  "salutation left out: Good morning Dr. O\xe2\x80\x99Neil-Smith," },
                { "Dear all,\nthe shop is closed.", "The shop is closed.", "salutation left out: Dear all," },
                { "Dear Sir or Madam:\nThe shop is closed.", "The shop is closed.", "salutation left out: Dear Sir or Madam:" },
                { "To whom it may concern,\nThe shop is closed.", "The shop is closed.",
                  "salutation left out: To whom it may concern," },
                { "  HELLO ALICE ,  \n\nthe shop is closed.", "The shop is closed.", "salutation left out: HELLO ALICE ," },
                { "Sehr geehrte Frau M\xc3\xbcller,\n\nvielen Dank f\xc3\xbcr Ihre Frage.", "Vielen Dank f\xc3\xbcr Ihre Frage.",
                  "salutation left out: Sehr geehrte Frau M\xc3\xbcller," },
                { "Sehr geehrte Damen und Herren,\nsehr geehrter Herr Dr. M\xc3\xbcller,\n\n\xc3\xbc" "ber Nacht kam es an.",
                  "\xc3\x9c" "ber Nacht kam es an.",
                  "salutation left out: Sehr geehrte Damen und Herren,\nsalutation left out: sehr geehrter Herr Dr."
                  " M\xc3\xbcller," },
                { "Hallo zusammen,\ndas Paket ist da.", "Das Paket ist da.", "salutation left out: Hallo zusammen," },
                { "Liebe Alice, lieber Bob,\ndas Paket ist da.", NULL, NULL },         /* two in one line: in doubt */
                { "Lieber Bob \xf0\x9f\x99\x82,\nDas Paket ist da.", "Das Paket ist da.",
                  "salutation left out: Lieber Bob \xf0\x9f\x99\x82," },
                { "Gr\xc3\xbc\xc3\x9f Gott Herr von der Tann!\nDas Paket ist da.", "Das Paket ist da.",
                  "salutation left out: Gr\xc3\xbc\xc3\x9f Gott Herr von der Tann!" },
                { "Bonjour Madame Dupont,\n\nvotre colis est l\xc3\xa0.", "Votre colis est l\xc3\xa0.",
                  "salutation left out: Bonjour Madame Dupont," },
                { "Bonjour" NBSP "!\nVotre colis est l\xc3\xa0.", "Votre colis est l\xc3\xa0.",
                  "salutation left out: Bonjour" NBSP "!" },
                { "Ch\xc3\xa8re cliente,\nVotre colis est l\xc3\xa0.", "Votre colis est l\xc3\xa0.",
                  "salutation left out: Ch\xc3\xa8re cliente," },
                { "Estimado Sr. L\xc3\xb3pez:\nSu paquete est\xc3\xa1 aqu\xc3\xad.", "Su paquete est\xc3\xa1 aqu\xc3\xad.",
                  "salutation left out: Estimado Sr. L\xc3\xb3pez:" },
                { "Hola, Alicia:\nTu paquete est\xc3\xa1 aqu\xc3\xad.", "Tu paquete est\xc3\xa1 aqu\xc3\xad.",
                  "salutation left out: Hola, Alicia:" },
                { "Gentile Sig.ra Rossi,\nil pacco \xc3\xa8 qui.", "Il pacco \xc3\xa8 qui.",
                  "salutation left out: Gentile Sig.ra Rossi," },
                { "Buongiorno,\n\nIl pacco \xc3\xa8 qui.", "Il pacco \xc3\xa8 qui.", "salutation left out: Buongiorno," },
                { "Geachte mevrouw De Vries,\n\nHet pakket is er.", "Het pakket is er.",
                  "salutation left out: Geachte mevrouw De Vries," },
                { "Prezado(a) Sr. Silva,\nA encomenda chegou.", "A encomenda chegou.",
                  "salutation left out: Prezado(a) Sr. Silva," },
                { "Ol\xc3\xa1 Jo\xc3\xa3o,\nA encomenda chegou.", "A encomenda chegou.",
                  "salutation left out: Ol\xc3\xa1 Jo\xc3\xa3o," },
                { "Szanowna Pani,\npaczka dotar\xc5\x82" "a.", "Paczka dotar\xc5\x82" "a.",
                  "salutation left out: Szanowna Pani," },
                { "Dzie\xc5\x84 dobry,\n\nPaczka dotar\xc5\x82" "a.", "Paczka dotar\xc5\x82" "a.",
                  "salutation left out: Dzie\xc5\x84 dobry," },
        };
        (void) state;

        CHECK_ALL(cases, NULL);
}

static void what_only_looks_like_a_salutation_stays(void **state)
{
        static const struct plain_case cases[] = {
                { "Hi Alice, your parcel is here.\nIt came today.", NULL, NULL },
                { "Hi Alice", NULL, NULL },
                { "Hello Alice,", NULL, NULL },
                { "Hi Alice\nyour parcel is here.", NULL, NULL },                      /* no mark and no empty line */
                { "Hi Alice. Thanks Bob,\nit is here.", NULL, NULL },
                { "Hi Alice! Danke,\nit is here.", NULL, NULL },
                { "Hallo Bob, Hier Ihre Nummer\n\n123", NULL, NULL },
                { "Hi @alice,\nyour parcel is here.", NULL, NULL },                    /* how one speaks on a network */
                { "Hello world of parcels,\nhere it is.", NULL, NULL },
                { "Dear,\nthat is too much.", NULL, NULL },
                { "Beste service ooit!\nDank u.", NULL, NULL },
                { "Liebe Gr\xc3\xbc\xc3\x9f" "e!\nDas Paket ist da.", NULL, NULL },
                { "Guten Tag.\nDas Paket ist da.", NULL, NULL },
                { "Good news,\nyour parcel is here.", NULL, NULL },
                { "Your parcel is here.\nHi Alice,\nYour parcel.", NULL, NULL },
                { "Cher en hiver,\ngratuit en \xc3\xa9t\xc3\xa9.", NULL, NULL },
                { "Carol,\nyour parcel is here.", NULL, NULL },
        };
        static const char *const handles[] = { "@alice", NULL };
        (void) state;

        CHECK_ALL(cases, handles);
}

static void closings_with_what_stands_below_go(void **state)
{
        static const struct plain_case cases[] = {
                { "It is here.\n\nBest regards,\nAda Agent\nSupport", "It is here.",
                  "closing left out: Best regards, / Ada Agent / Support" },
                { "It is here.\nKind regards", "It is here.", "closing left out: Kind regards" },
                { "It is here.\n\nBest regards, Ada", "It is here.", "closing left out: Best regards, Ada" },
                { "It is here.\n\nThanks,\nAda", "It is here.", "closing left out: Thanks, / Ada" },
                { "It is here.\n\nYours sincerely,\n\nAda Agent\nExample Ltd.\n1 High Street\n+44 20 7946"
                  " 0000\nwww.example.com\nada@example.com",
                  "It is here.", "closing left out: Yours sincerely, / Ada Agent / Example Ltd. / 1 High Street / +44 20 7946"
                  " 0000 / www.example.com / ada@example.com" },
                { "Es ist da.\n\nMit freundlichen Gr\xc3\xbc\xc3\x9f" "en\n\nAda Agent\nKundenservice", "Es ist da.",
                  "closing left out: Mit freundlichen Gr\xc3\xbc\xc3\x9f" "en / Ada Agent / Kundenservice" },
                { "Es ist da.\nMIT FREUNDLICHEN GR\xc3\x9cSSEN\nADA", "Es ist da.",
                  "closing left out: MIT FREUNDLICHEN GR\xc3\x9cSSEN / ADA" },
                { "Es ist da.\nViele Gr\xc3\xbc\xc3\x9f" "e aus Hamburg, Ihr Example-Team", "Es ist da.",
                  "closing left out: Viele Gr\xc3\xbc\xc3\x9f" "e aus Hamburg, Ihr Example-Team" },
                { "Es ist da.\nLG Ada", "Es ist da.", "closing left out: LG Ada" },
                { "Il est l\xc3\xa0.\n\nCordialement,\nAda Agent", "Il est l\xc3\xa0.",
                  "closing left out: Cordialement, / Ada Agent" },
                { "Aqu\xc3\xad est\xc3\xa1.\n\nUn cordial saludo,\nAda", "Aqu\xc3\xad est\xc3\xa1.",
                  "closing left out: Un cordial saludo, / Ada" },
                { "\xc3\x88 qui.\n\nCordiali saluti\nAda", "\xc3\x88 qui.", "closing left out: Cordiali saluti / Ada" },
                { "Het is er.\n\nMet vriendelijke groet,\nAda", "Het is er.", "closing left out: Met vriendelijke groet, / Ada" },
                { "Chegou.\n\nAtenciosamente,\nAda", "Chegou.", "closing left out: Atenciosamente, / Ada" },
                { "Jest.\n\nZ powa\xc5\xbc" "aniem\nAda", "Jest.", "closing left out: Z powa\xc5\xbc" "aniem / Ada" },
                { "It is here.\n-- \nAda\nThis e-mail is meant for who reads it, and nobody else is to read it at all.",
                  "It is here.",
                  "signature left out: Ada / This e-mail is meant for who reads it, and nobody else is to read it at all." },
                { "It is here.\n--\nAda\nSupport", "It is here.", "signature left out: Ada / Support" },
                { "It is here.\n\nRegards,\nAda\n-- \nExample Ltd", "It is here.",
                  "closing left out: Regards, / Ada\nsignature left out: Example Ltd" },
                { "Hi Alice,\n\nit is here.\n\nBest regards\nAda", "It is here.",
                  "salutation left out: Hi Alice,\nclosing left out: Best regards / Ada" },
        };
        (void) state;

        CHECK_ALL(cases, NULL);
}

static void what_only_looks_like_a_closing_stays(void **state)
{
        static const struct plain_case cases[] = {
                { "It is here. Thanks!", NULL, NULL },
                { "It is here.\nThanks!", NULL, NULL },
                { "It is here.\nThanks", NULL, NULL },
                { "It is here.\nThanks,\nand come again soon.", NULL, NULL },
                { "It is here.\nThanks,", NULL, NULL },
                { "It is here.\nThanks,\n+44 20 7946 0000", NULL, NULL },
                { "Danke,\nAlice hat es.", NULL, NULL },
                { "It is here.\nAda", NULL, NULL },
                { "It is here.\nBest regards to your mother and all!", NULL, NULL },
                { "It is here.\n\nBest regards,\nAda\n\nPS: And do not forget the key.", NULL, NULL },
                { "It is here.\n\nBest regards,\nAda\n\nP.S. The key", NULL, NULL },
                { "It is here.\n\nBest regards,\nAda\n\nPS The key", NULL, NULL },
                { "Best regards,\nAda says.\nBut how will we ever know that?", NULL, NULL },
                { "What we sell:\nRegards,\n- cards\n- flowers", NULL, NULL },
                { "one\n--\nthis is more text below a line, and belongs to what is said", NULL, NULL },
                { "one\n--\nwhy?", NULL, NULL },
                { "Tsch\xc3\xbcss und bis bald!", NULL, NULL },
                { "Best regards,\nAda", NULL, NULL },                                  /* nothing would be left */
                { "Dear Alice,\n\nBest regards,\nAda", NULL, NULL },
                { "Hi Alice,\n\n:-)\n\nLG", NULL, NULL },
                { "-- \nAda", "--\nAda", NULL },
        };
        (void) state;

        CHECK_ALL(cases, NULL);
}

static void quotations_at_the_ends_go(void **state)
{
        static const struct plain_case cases[] = {
                { "It is here.\n\nOn Mon, 23 Nov 2026 at 10:00, Alice <alice@example.com> wrote:\n> Where is it?\n> I wait.",
                  "It is here.",
                  "quotation left out: On Mon, 23 Nov 2026 at 10:00, Alice <alice@example.com> wrote: / > Where is it? / > I"
                  " wait." },
                { "It is here.\n\nOn Mon, 23 Nov 2026 at 10:00, Alice\n<alice@example.com> wrote:\n\n>Where is it?\n>\n>I wait.",
                  "It is here.",
                  "quotation left out: On Mon, 23 Nov 2026 at 10:00, Alice / <alice@example.com> wrote: / >Where is it? / > / >I"
                  " wait." },
                { "Es ist da.\n\nAm 23.11.2026 um 10:00 schrieb Alice:\n> Wo ist es?", "Es ist da.",
                  "quotation left out: Am 23.11.2026 um 10:00 schrieb Alice: / > Wo ist es?" },
                { "11/23/2026 10:00 - Alice wrote:\n> Where is it?\n\nIt is here.", "It is here.",
                  "quotation left out: 11/23/2026 10:00 - Alice wrote: / > Where is it?" },
                { "Il est l\xc3\xa0.\nLe lun. 23 nov. 2026 \xc3\xa0 10:00, Alice a \xc3\xa9" "crit :\n> O\xc3\xb9 ?",
                  "Il est l\xc3\xa0.",
                  "quotation left out: Le lun. 23 nov. 2026 \xc3\xa0 10:00, Alice a \xc3\xa9" "crit : / > O\xc3\xb9 ?" },
                { "> Where is it?\n\nIt is here.", "It is here.", "quotation left out: > Where is it?" },
                { "It is here.\n\n> Where is it?\n>> Really?", "It is here.", "quotation left out: > Where is it? / >> Really?" },
                { "Hi Alice,\n\nit is here.\n\nRegards,\nAda\n\n> Where is it?", "It is here.",
                  "salutation left out: Hi Alice,\nclosing left out: Regards, / Ada\nquotation left out: > Where is it?" },
                { "On Monday Alice wrote:\n> Hello\n\nDear Alice,\nit is here.", "It is here.",
                  "quotation left out: On Monday Alice wrote: / > Hello\nsalutation left out: Dear Alice," },
                { "It is here.\nOn Monday it came.\nOn Tuesday Alice wrote:\n> Hello", "It is here.\nOn Monday it came.",
                  "quotation left out: On Tuesday Alice wrote: / > Hello" },
                { "On Mon, 23 Nov 2026, Alice\n<alice@example.com> wrote:\n> Where?\n\nHere.", "Here.",
                  "quotation left out: On Mon, 23 Nov 2026, Alice / <alice@example.com> wrote: / > Where?" },
                { "She asked as\nalice@example.com wrote:\n> Where?", "She asked as",
                  "quotation left out: alice@example.com wrote: / > Where?" },
                /* In doubt: */
                { "> Where is it?\nHere.\n> And that?\nThere.", NULL, NULL },
                { "We sell\n> 5 pieces", NULL, NULL },
                { "> 90 % are here.\nSo is yours.", NULL, NULL },
                { "Look >here", NULL, NULL },
                { "It is here\n>:(", NULL, NULL },
                { "As Alice wrote:\nit is here.", NULL, NULL },
                { "> Where is it?", NULL, NULL },
                { "Before\n> quoted\nafter", NULL, NULL },
        };
        (void) state;

        CHECK_ALL(cases, NULL);
}

static void white_space_is_tidied_silently(void **state)
{
        static const struct plain_case cases[] = {
                { "one  \n\n\n \t\ntwo\t\n\n", "one\n\ntwo", NULL },
                { "\n\n one  two", " one  two", NULL },
                { "", NULL, NULL },
                { " \n\n ", "", NULL },
                { "- one\n- two\n  - three", NULL, NULL },
        };
        (void) state;

        CHECK_ALL(cases, NULL);
}

static void links_lose_their_brackets(void **state)
{
        static const struct plain_case cases[] = {
                { "see here <https://a.example/b>. Or <http://a.example>", "see here https://a.example/b. Or http://a.example",
                  NULL },
                { "<https://a.example>", "https://a.example", NULL },
                { "a <b@c.example>, x<https://a.example>, <https://a.example>y, <https://a.example, <", NULL, NULL },
        };
        (void) state;

        CHECK_ALL(cases, NULL);
}

/* As helpdesks store what was typed in their editors. */
static void what_editors_make_comes_out_well(void **state)
{
        static const struct {
                const char *html, *plain;
        } cases[] = {
                { "<div>Hello Alice,</div><div><br></div><div>your parcel is <b>here</b>.</div><div><br></div>"
                  "<div data-signature=\"true\" data-signature-id=\"1\">--<br>Ada Agent<br>Support</div>",
                  "Your parcel is here." },
                { "<div>It is here.</div><div data-signature=\"true\" data-signature-id=\"1\"><p>This is a long statement, that"
                  " says who we are and"
                  " what for.</p><p>Ada Agent</p></div><p></p><blockquote type=\"cite\"><div>Where?</div></blockquote>",
                  "It is here." },
                { "<div>It is here.</div><div data-signature=\"true\">Ada</div><div>And more.</div>",
                  "It is here.\n\nAda\nAnd more." },
                { "<body>Hello Alice,<br />\n<br />\nit is here.<br />\n<br />\nBest regards<br />\nAda<br />\n--<br />"
                  "\nSupport</body>", "It is here." },
                { "<p>Hello Alice,</p>\n\n<p>your <a href=\"https://a.example/x\">parcel</a></p>\n"
                  "\n<ol>\n\t<li>one</li>\n\t<li>two</li>\n</ol>\n\n<p>&nbsp;</p>\n"
                  "\n<div style=\"border:none;border-left:solid blue 1.5pt;padding:0cm 0cm 0cm 4.0pt\" type=\"cite\">11/23/2026"
                  " 10:00 - Alice wrote:<br />\n"
                  "Where is it?</div>", "Your parcel https://a.example/x\n\n1. one\n2. two" },
        };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *text = text_from_html(cases[i].html, strlen(cases[i].html));

                assert_string_equal(plain_of(a, text, &(struct plain_context) { 0 }).text, cases[i].plain);
        }
}

static void handles_that_nobody_there_has_name_nobody(void **state)
{
        static const char *const handles[] = {
                "@Alice@example.social", "@bob", "@eve@one.example", "@eve@two.example", "@mallory@a\n.example", "@trudy@x.@all",
                NULL,
        };
        static const char *const hosts[] = { "@alice.bsky.example", NULL };
        static const struct plain_case cases[] = {
                { "hello @alice@example.social and @Bob!", NULL, NULL },
                { "hello @carol@other.example:8080, hi", NULL, NULL },                 /* typed in full */
                { "hello @alice", "hello @Alice@example.social", "@alice written out: @Alice@example.social" },
                { "@alice, (@ALICE's)", "@Alice@example.social, (@Alice@example.social's)",
                  "@alice written out: @Alice@example.social\n@ALICE written out: @Alice@example.social" },
                { "@trudy", "@" NBSP "trudy", "@trudy names nobody in this conversation, and is posted with a blank behind the"
                  " @" },
                { "@mallory", "@" NBSP "mallory",
                  "@mallory names nobody in this conversation, and is posted with a blank behind the @" },
                { "hello @eve", NULL, NULL },                                          /* one of two */
                { "write to @all", "write to @" NBSP "all",
                  "@all names nobody in this conversation, and is posted with a blank behind the @" },
                { "@media and .@media-x. too", "@" NBSP "media and .@" NBSP "media-x. too",
                  "@media names nobody in this conversation, and is posted with a blank behind the @\n"
                  "@media-x names nobody in this conversation, and is posted with a blank behind the @" },
                { "@all @all @all", "@" NBSP "all @" NBSP "all @" NBSP "all",
                  "@all names nobody in this conversation, and is posted with a blank behind the @" },
                { "@alice\xc3\xa9", "@" NBSP "alice\xc3\xa9",
                  "@alice names nobody in this conversation, and is posted with a blank behind the @" },
                { "@alice.Thanks", "@" NBSP "alice.Thanks",
                  "@alice.Thanks names nobody in this conversation, and is posted with a blank behind the @" },
                { "mail info@example.com or a.b+c@x", NULL, NULL },
                { "https://example.social/@all?x=@all,@all https://a.example/x@all", NULL, NULL },
                { "3 @ 5, @, @@ and @\xc3\xa9", NULL, NULL },
                { "@@all", "@@" NBSP "all", "@all names nobody in this conversation, and is posted with a blank behind the @" },
                { "\xc3\xa9@all /@all =@all", NULL, NULL },
        };
        static const struct plain_case host_cases[] = {
                { "hello @alice.bsky.example and @carol.example", NULL, NULL },
                { "hello @all", "hello @" NBSP "all",
                  "@all names nobody in this conversation, and is posted with a blank behind the @" },
        };
        (void) state;

        CHECK_ALL(cases, handles);
        CHECK_ALL(host_cases, hosts);
}

static void no_more_changes_are_listed_than_can_be_read(void **state)
{
        char *text = arena_strdup(a, "see");
        struct plain p;
        (void) state;

        for (int i = 0; i < 100; i++)
                text = arena_printf(a, "%s @n%d", text, i);
        p = plain_of(a, text, &(struct plain_context) { 0 });
        assert_int_equal(p.n_changes, 40);
        assert_string_equal(p.changes[39], "more of the same, which is not listed");
        assert_null(strstr(p.text, " @n"));
}

static void check_list(const char *const *list)
{
        for (; *list; list++) {
                size_t size = 0;
                uint8_t *folded = u8_casefold((const uint8_t *) *list, strlen(*list), NULL, UNINORM_NFC, NULL, &size);
                _cleanup_free_ char *s = xstrndup((char *) folded, size);

                free(folded);
                assert_string_equal(s, *list);
                assert_null(strstr(*list, "  "));
        }
}

static void lists_are_as_lines_are_compared_with_them(void **state)
{
        (void) state;
        for (const struct language *l = languages; l->name; l++) {
                check_list(l->greetings);
                check_list(l->addresses);
                check_list(l->words);
                check_list(l->closings);
                check_list(l->thanks);
                check_list(l->on);
                check_list(l->wrote);
        }
}

/* Each entry of the lists in its place, so that none is there in vain. */
static void every_greeting_and_closing_is_known(void **state)
{
        bool weak;
        (void) state;

        for (const struct language *l = languages; l->name; l++) {
                for (const char *const *s = l->greetings; *s; s++)
                        if (!habits_is_salutation(a, arena_printf(a, "%s Ada,", *s), false)
                            || !habits_is_salutation(a, arena_printf(a, "%s!", *s), false))
                                fail_msg("%s: %s", l->name, *s);
                for (const char *const *s = l->addresses; *s; s++)
                        if (!habits_is_salutation(a, arena_printf(a, "%s Ada,", *s), false)
                            || habits_is_salutation(a, arena_printf(a, "%s", *s), false))
                                fail_msg("%s: %s", l->name, *s);
                for (const char *const *s = l->closings; *s; s++)
                        if (!habits_is_closing(a, arena_printf(a, "%s,", *s), &weak) || weak
                            || !habits_is_closing(a, arena_printf(a, "%s Ada", *s), &weak))
                                fail_msg("%s: %s", l->name, *s);
                for (const char *const *s = l->thanks; *s; s++)
                        if (!habits_is_closing(a, arena_printf(a, "%s,", *s), &weak) || !weak || habits_is_closing(a, *s, &weak))
                                fail_msg("%s: %s", l->name, *s);
                for (const char *const *on = l->on; *on; on++)
                        for (const char *const *wrote = l->wrote; *wrote; wrote++)
                                assert_int_equal(habits_attribution(a, "", arena_printf(a, "%sx Ada%s:", *on, *wrote)), 1);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(salutations_alone_on_their_line_go, setup, teardown),
                cmocka_unit_test_setup_teardown(what_only_looks_like_a_salutation_stays, setup, teardown),
                cmocka_unit_test_setup_teardown(closings_with_what_stands_below_go, setup, teardown),
                cmocka_unit_test_setup_teardown(what_only_looks_like_a_closing_stays, setup, teardown),
                cmocka_unit_test_setup_teardown(quotations_at_the_ends_go, setup, teardown),
                cmocka_unit_test_setup_teardown(white_space_is_tidied_silently, setup, teardown),
                cmocka_unit_test_setup_teardown(links_lose_their_brackets, setup, teardown),
                cmocka_unit_test_setup_teardown(what_editors_make_comes_out_well, setup, teardown),
                cmocka_unit_test_setup_teardown(handles_that_nobody_there_has_name_nobody, setup, teardown),
                cmocka_unit_test_setup_teardown(no_more_changes_are_listed_than_can_be_read, setup, teardown),
                cmocka_unit_test_setup_teardown(lists_are_as_lines_are_compared_with_them, setup, teardown),
                cmocka_unit_test_setup_teardown(every_greeting_and_closing_is_known, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
