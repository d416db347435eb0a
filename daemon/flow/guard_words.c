/* SPDX-License-Identifier: MIT
 *
 * Words that the guard knows, folded (no capitals, no accents) and sorted.  Owns nothing; called by the files of the guard.
 */
#define _GNU_SOURCE 1   /* memmem(3) */
#include "flow/guard_text.h"

/* Said in answers to everybody, in English, German, French and Spanish: in them two texts may meet by chance. */
static const char *const common[] = {
        "a", "ab", "aber", "about", "after", "again", "ahora", "ai", "aide", "ainsi", "al", "algo", "all", "alle", "alles", "als",
        "also", "always", "am", "an", "and", "andere", "anfrage", "anliegen", "answer", "answered", "antes", "antwort",
        "antworten", "any", "apologies", "apologise", "apologize", "apology", "appreciate", "aqui", "are", "as", "asi", "assist",
        "assistance", "at", "atencion", "atentamente", "au", "auch", "aucun", "auf", "aujourd", "aun", "aunque", "aus",
        "auskunft", "aussi", "autre", "aux", "avant", "avec", "avez", "avons", "ayuda", "ayudar", "back", "be", "because",
        "bedauern", "been", "before", "bei", "bien", "bientot", "bin", "bis", "bist", "bitte", "bon", "bonjour", "bonne",
        "bonsoir", "buen", "buena", "buenas", "bueno", "buenos", "but", "by", "cada", "can", "car", "ce", "cela", "ces", "cet",
        "cette", "check", "chez", "ci", "comme", "como", "comprehension", "con", "contact", "contactar", "contacte", "contacter",
        "contacto", "cordialement", "could", "cual", "cuando", "d", "da", "damit", "dank", "danke", "dann", "dans", "das", "dass",
        "day", "days", "de", "dein", "deine", "deja", "del", "dem", "den", "denn", "depuis", "der", "des", "desagrement",
        "desagrements", "desde", "desole", "desolee", "desoles", "dia", "dias", "dich", "did", "die", "dies", "diese", "diesem",
        "diesen", "dieser", "dieses", "dir", "direct", "direktnachricht", "disculpa", "disculpas", "disculpe", "disculpen", "dm",
        "do", "doch", "does", "doing", "don", "donc", "donde", "done", "du", "duda", "dudas", "durch", "e", "ein", "eine",
        "einem", "einen", "einer", "eines", "el", "ella", "elle", "ellos", "en", "encore", "entre", "entschuldigen",
        "entschuldigung", "entschuldigungen", "equipe", "equipo", "er", "era", "es", "esa", "escriba", "escribir", "ese", "eso",
        "espera", "esperamos", "est", "esta", "estan", "estar", "este", "esto", "estos", "et", "ete", "etre", "etwas", "eu",
        "euch", "euer", "eure", "excuser", "excuses", "faire", "fait", "favor", "feedback", "feel", "for", "forward", "fragen",
        "free", "freuen", "freundliche", "freundlichen", "from", "fue", "fur", "geduld", "gene", "gern", "gerne", "get", "give",
        "glad", "go", "good", "got", "gracias", "gran", "gruss", "grusse", "gute", "guten", "ha", "habe", "haben", "had", "hallo",
        "han", "happy", "has", "hasta", "hat", "hatte", "hatten", "have", "hay", "he", "hear", "helfen", "hello", "help", "hemos",
        "her", "here", "hi", "hier", "hilfe", "him", "hinweis", "his", "hola", "how", "hui", "i", "ich", "ici", "if", "ihm",
        "ihn", "ihnen", "ihr", "ihre", "ihrem", "ihren", "ihrer", "il", "ils", "im", "in", "inconvenience", "inconvenient",
        "inconveniente", "inconvenientes", "inconvenients", "is", "issue", "ist", "it", "its", "j", "ja", "je", "jetzt", "jour",
        "journee", "jusqu", "just", "kann", "kein", "keine", "kind", "kindly", "know", "konnen", "konnten", "kontakt", "l", "la",
        "lamentamos", "lamento", "las", "le", "leid", "leider", "les", "let", "leur", "leurs", "liebe", "lieber", "like", "ll",
        "lo", "look", "looking", "lors", "los", "lui", "m", "ma", "made", "mais", "make", "mal", "man", "many", "mas", "may",
        "me", "mehr", "mein", "meine", "melden", "mensaje", "mensajes", "merci", "mes", "message", "messages", "mi", "mich",
        "mir", "mis", "mit", "mochten", "moi", "moin", "molestia", "molestias", "momento", "mon", "more", "morgen", "mp", "much",
        "muchas", "mucho", "mussen", "must", "muy", "my", "n", "nach", "nachricht", "nachrichten", "nada", "ne", "need", "new",
        "ni", "nicht", "no", "noch", "nos", "nosotros", "not", "notre", "nous", "now", "nuestra", "nuestras", "nuestro",
        "nuestros", "nun", "nur", "o", "ob", "occasionne", "oder", "of", "off", "ohne", "on", "once", "one", "only", "ont", "or",
        "os", "otra", "otro", "ou", "our", "out", "over", "own", "paciencia", "par", "para", "pas", "patience", "pero", "peu",
        "peut", "plaisir", "please", "plus", "poco", "podemos", "por", "porque", "pour", "pouvez", "pouvons", "prier", "prions",
        "privado", "privat", "private", "prive", "problem", "pueda", "puede", "puedes", "puis", "qu", "quand", "que", "quel",
        "quelle", "question", "questions", "qui", "quien", "re", "reach", "reaching", "regards", "remercier", "remercions",
        "reply", "repondre", "reponse", "responder", "respuesta", "retour", "ruckmeldung", "s", "sa", "saludo", "saludos",
        "salut", "sans", "schicken", "schon", "schonen", "schreib", "schreiben", "se", "sea", "sehr", "sein", "seit", "send",
        "senden", "sentimos", "ser", "service", "ses", "shortly", "si", "sich", "sie", "siempre", "siento", "signalement", "sin",
        "sincerely", "sind", "so", "sobald", "sobre", "soir", "sollte", "solo", "some", "son", "sont", "soon", "sorry", "souci",
        "sous", "sowie", "still", "su", "such", "support", "sur", "sus", "svp", "t", "ta", "tag", "tambien", "tan", "tardes",
        "te", "team", "tes", "than", "thank", "thanks", "that", "the", "their", "them", "then", "there", "these", "they", "this",
        "those", "through", "tiene", "tienes", "to", "todo", "todos", "toi", "ton", "too", "touch", "tous", "tout", "toute",
        "toutes", "tres", "trouble", "tu", "tus", "tut", "uber", "um", "un", "una", "unannehmlichkeit", "unannehmlichkeiten",
        "und", "under", "understand", "understanding", "une", "uno", "unos", "uns", "unser", "unsere", "unserem", "unseren",
        "unserer", "unter", "unterstutzung", "until", "up", "us", "use", "usted", "ustedes", "va", "vamos", "ve", "verfugung",
        "vers", "verstandnis", "very", "veuillez", "via", "viel", "vielen", "voici", "vom", "von", "vor", "vos", "vosotros",
        "votre", "vous", "vuestra", "vuestro", "wait", "waiting", "want", "war", "waren", "was", "we", "week", "weiter", "well",
        "wenden", "wenn", "wer", "werden", "were", "what", "when", "where", "which", "while", "who", "why", "wie", "wieder",
        "will", "wir", "wird", "wish", "with", "wo", "would", "write", "writing", "wunschen", "wurde", "wurden", "y", "ya", "yes",
        "yet", "yo", "you", "your", "yours", "zu", "zum", "zur",
};

/* Behind which the name of a person stands. */
static const char *const salutations[] = {
        "abend", "afternoon", "bonjour", "bonsoir", "buenas", "buenos", "cher", "chere", "ciao", "dear", "dias", "dr", "estimada",
        "estimado", "evening", "frau", "geehrte", "geehrter", "good", "greetings", "guten", "hallo", "hello", "herr", "hey", "hi",
        "hola", "liebe", "lieber", "liebes", "madame", "mme", "moin", "monsieur", "morgen", "morning", "mr", "mrs", "ms", "mx",
        "noches", "querida", "querido", "salut", "sehr", "senor", "senora", "servus", "sr", "sra", "tag", "tardes",
};

/* May stand between a number and the word that says what it is: "call us at", "unter der Nummer". */
static const char *const fillers[] = {
        "10", "13", "24", "7", "a", "al", "am", "an", "and", "anytime", "at", "au", "aux", "bei", "by", "code", "con", "de",
        "del", "dem",
        "den", "der", "des", "die", "direct", "directement", "directly", "direkt", "du", "e", "el", "en", "es", "est", "folgende",
        "folgenden", "folgender", "following", "for", "free", "from", "gratis", "gratuit", "gratuitement", "gratuito", "h", "het",
        "heute", "hinter", "i", "ich", "id", "ident", "ihnen", "ihr", "ihre", "ihrem", "ihren", "ihrer", "in", "is", "ist", "it",
        "its", "jederzeit", "jetzt", "kostenfrei", "kostenlos", "la", "las", "lautet", "le", "les", "los", "me", "mein", "meine",
        "mich", "mir", "mit", "mon", "my", "n", "no", "nous", "now", "nr", "num", "number", "numbers", "numero", "nummer", "o",
        "oder", "of", "on", "or", "os", "ou", "our", "par", "per", "por", "pour", "sa", "se", "si", "sie", "siguiente", "su",
        "suivant", "sur", "the", "this", "to", "today", "toll", "tu", "um", "und", "uns", "unsere", "unserem", "unserer", "unter",
        "us", "via", "von", "votre", "vous", "was", "with", "y", "you", "your", "zu", "zum", "zur",
};

static const char *const cards[] = {
        "amex", "card", "cards", "carte", "cartes", "cb", "debit", "debitkarte", "diners", "discover", "jcb", "karte", "karten",
        "kartennummer", "kreditkarte", "kreditkarten", "kreditkartennummer", "maestro", "mastercard", "pan", "tarjeta",
        "tarjetas", "unionpay", "visa",
};

static const char *const phones[] = {
        "anruf", "anrufen", "appel", "appeler", "appelez", "appelle", "call", "called", "calling", "calls", "cell", "cellphone",
        "celular", "contactez-nous", "dial", "durchwahl", "erreichbar", "erreichen", "erreichst", "fax", "faxnummer", "festnetz",
        "handy", "handynummer", "hotline", "hotlines", "joignable", "joindre", "landline", "linea", "llama", "llamada",
        "llamanos", "llamar", "llame", "llamenos", "mobil", "mobile", "mobilfunknummer", "mobilnummer", "movil", "phone",
        "phonenumber", "phones", "portable", "reach", "reached", "ring", "ruckruf", "ruckrufnummer", "ruf", "rufe", "rufen",
        "rufnummer", "ruft", "servicenummer", "signal", "sms", "tel", "telefon", "telefonisch", "telefonnr", "telefonnummer",
        "telefono", "telegram", "telephone", "telephonique", "text", "viber", "wa", "whatsapp", "zuruckrufen",
};

/* Of a number that is neither: of an order, a parcel, a ticket, a book, a device. */
static const char *const others[] = {
        "account", "art", "article", "articles", "articulo", "articulos", "artikel", "artikelnr", "artikelnummer", "asin",
        "auftrag", "auftragsnr", "auftragsnummer", "bestellnr", "bestellnummer", "bestellung", "bestellungen", "bon", "booking",
        "buchung", "buchungscode", "buchungsnr", "buchungsnummer", "build", "case", "cases", "cheque", "client", "cliente",
        "colis", "commande", "commandes", "compte", "consignment", "contract", "contrat", "contrato", "counter", "coupon",
        "cuenta", "customer", "delivery", "devolucion", "dossier", "ean", "envio", "envios", "expedition", "factura", "facturas",
        "facture", "factures", "fall", "fallnummer", "firmware", "gtin", "guia", "gutschein", "gutscheincode", "iccid", "imei",
        "incidencia", "incident", "invoice", "invoices", "isbn", "issn", "item", "items", "konto", "kunde", "kunden", "kundennr",
        "kundennumme", "kundennummer", "lieferschein", "lieferscheinnummer", "lieferung", "livraison", "localizador", "mac",
        "member", "membership", "meter", "mitglied", "mitgliedsnr", "mitgliedsnummer", "model", "modele", "modell", "modelo",
        "order", "orderid", "ordernr", "ordernumber", "orders", "package", "paket", "pakete", "paketnr", "paketnummer", "paquete",
        "parcel", "parcels", "part", "pedido", "pedidos", "plz", "police", "policy", "poliza", "postcode", "product", "produkt",
        "produktnummer", "rastreo", "rechnung", "rechnungen", "rechnungsnr", "rechnungsnummer", "reclamacion", "reclamation",
        "ref", "reference", "referencia", "referenz", "referenznr", "referenznummer", "release", "reserva", "reservation",
        "reservierung", "reservierungsnummer", "retour", "retoure", "retourennummer", "retourenschein", "return", "rma",
        "seguimiento", "sendung", "sendungen", "sendungsnr", "sendungsnummer", "sendungsverfolgung", "sendungsverfolgungsnummer",
        "serial", "serie", "seriennr", "seriennummer", "shipment", "shipments", "sku", "suivi", "teilenummer", "ticket",
        "ticketnummer", "tickets", "track", "tracked", "tracking", "trackingid", "trackingnr", "trackingnummer", "transaccion",
        "transaction", "transaktion", "transaktionsnummer", "upc", "versicherungsnummer", "versicherungsscheinnummer", "version",
        "vertrag", "vertragsnr", "vertragsnummer", "vorgang", "vorgangsnummer", "voucher", "zahlernummer", "zip",
};

struct key {
        const char *word;
        size_t size;
};

static int compare(const void *key, const void *entry)
{
        const struct key *k = key;
        const char *other = *(const char *const *) entry;
        int r = strncmp(k->word, other, k->size);

        return r ? r : -(other[k->size] != '\0');
}

#define IS_IN(list, word, size) \
        (!!bsearch(&(struct key) { (word), (size) }, (list), ELEMENTSOF(list), sizeof (list)[0], compare))

bool guard_is_common(const char *word, size_t size)
{
        return IS_IN(common, word, size);
}

bool guard_is_salutation(const char *word, size_t size)
{
        return IS_IN(salutations, word, size);
}

#define WORDS_MAX 8              /* "Rufen Sie uns jetzt direkt unter der Nummer" */

/* What is between two words does not part them, as the end of a sentence does.  An abbreviation ("Tel.", "Nr.") ends none. */
static bool belongs(const char *s, size_t size, bool abbreviation)
{
        bool colon = false;

        if (size > 12)
                return false;
        for (size_t i = 0; i < size; i++) {
                colon |= s[i] == ':';
                if (strchr("!?;", s[i]) || (s[i] == '\n' && !colon))
                        return false;
                if (s[i] == '.' && !abbreviation && (i + 1 == size || s[i + 1] == ' '))
                        return false;
        }
        return true;
}

static bool has_telephone(const char *s, size_t size)
{
        static const char *const signs[] = {
                "\xf0\x9f\x93\x9e", "\xe2\x98\x8e", "\xf0\x9f\x93\xb1", "\xf0\x9f\x93\xb2", "\xe2\x98\x8f", "\xe2\x9c\x86",
        };

        for (size_t i = 0; i < ELEMENTSOF(signs); i++)
                if (memmem(s, size, signs[i], strlen(signs[i])))
                        return true;
        return false;
}

enum guard_label guard_label(struct arena *a, const struct guard_text *t, size_t start)
{
        size_t i, end, next = start;

        guard_words_of(t, (struct guard_span) { start, start + 1 }, &i, &end);
        for (size_t n = 0; i-- > 0; n++) {
                const struct guard_word *w = &t->words[i];
                const char *word = guard_bare(a, t->plain + w->at.start, w->at.end - w->at.start), *gap = t->plain + w->at.end;
                size_t size = strlen(word), gap_size = next - w->at.end;
                enum guard_label label = IS_IN(cards, word, size) ? LABEL_CARD : IS_IN(phones, word, size) ? LABEL_PHONE
                                         : IS_IN(others, word, size) ? LABEL_OTHER : LABEL_NONE;

                if (has_telephone(gap, gap_size))
                        return LABEL_PHONE;
                if (!belongs(gap, gap_size, size <= 4 && (label || IS_IN(fillers, word, size))))
                        return LABEL_NONE;
                if (label || n == WORDS_MAX || !IS_IN(fillers, word, size))
                        return label;
                next = w->at.start;
        }
        return has_telephone(t->plain, next) ? LABEL_PHONE : LABEL_NONE;
}
