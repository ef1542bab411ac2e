/* The other side of `cargo xtask bench path`: the same chains through OpenSSL's X509_verify_cert.
 *
 * Reads a description of chains (see chains.rs), does each for a while, prints one line per chain:
 * name, verdict (0 is accepted, else OpenSSL's error), nanoseconds per validation.
 * Trusted certificates are parsed once, all others and the lists once per validation, as on our side. */
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX 64

struct der {
    unsigned char *bytes;
    long length;
};

struct chain {
    char name[128];
    long long at;
    int server, lists, policy;
    struct der anchors[MAX], between[MAX], listed[MAX], target;
    int n_anchors, n_between, n_listed, n_policies;
    char policies[MAX][128];
    X509_STORE *store;
};

static struct der from_hex(const char *text)
{
    struct der out;
    out.length = (long)strlen(text) / 2;
    out.bytes = malloc((size_t)out.length + 1);
    for (long i = 0; i < out.length; i++)
        sscanf(text + 2 * i, "%2hhx", &out.bytes[i]);
    return out;
}

static X509 *certificate(const struct der *der)
{
    const unsigned char *at = der->bytes;
    return d2i_X509(NULL, &at, der->length);
}

static int validate(const struct chain *chain)
{
    STACK_OF(X509) *between = sk_X509_new_null();
    STACK_OF(X509_CRL) *lists = sk_X509_CRL_new_null();
    X509 *target = certificate(&chain->target);
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *parameters;
    int verdict = -1;

    for (int i = 0; i < chain->n_between; i++) {
        X509 *one = certificate(&chain->between[i]);
        if (one != NULL)
            sk_X509_push(between, one);
    }
    for (int i = 0; i < chain->n_listed; i++) {
        const unsigned char *at = chain->listed[i].bytes;
        X509_CRL *list = d2i_X509_CRL(NULL, &at, chain->listed[i].length);
        if (list != NULL)
            sk_X509_CRL_push(lists, list);
    }
    if (target != NULL && X509_STORE_CTX_init(context, chain->store, target, between)) {
        parameters = X509_STORE_CTX_get0_param(context);
        X509_VERIFY_PARAM_set_time(parameters, (time_t)chain->at);
        if (chain->server)
            X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER);
        if (chain->policy)
            X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_POLICY_CHECK | X509_V_FLAG_EXPLICIT_POLICY);
        else
            X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_POLICY_CHECK);
        for (int i = 0; i < chain->n_policies; i++)
            X509_VERIFY_PARAM_add0_policy(parameters, OBJ_txt2obj(chain->policies[i], 1));
        if (chain->lists) {
            X509_STORE_CTX_set0_crls(context, lists);
            X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL
                                                        | X509_V_FLAG_EXTENDED_CRL_SUPPORT);
        }
        X509_verify_cert(context);
        verdict = X509_STORE_CTX_get_error(context);
    }
    X509_STORE_CTX_free(context);
    X509_free(target);
    sk_X509_pop_free(between, X509_free);
    sk_X509_CRL_pop_free(lists, X509_CRL_free);
    return verdict;
}

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void measure(struct chain *chain, double seconds)
{
    long done = 0;
    int verdict = 0;
    double began, passed;

    chain->store = X509_STORE_new();
    for (int i = 0; i < chain->n_anchors; i++) {
        X509 *anchor = certificate(&chain->anchors[i]);
        X509_STORE_add_cert(chain->store, anchor);
        X509_free(anchor);
    }
    for (int i = 0; i < 20; i++)
        verdict = validate(chain);
    began = now();
    do {
        for (int i = 0; i < 20; i++)
            verdict = validate(chain);
        done += 20;
        passed = now() - began;
    } while (passed < seconds);
    printf("%s %d %.0f\n", chain->name, verdict, passed * 1e9 / (double)done);
    X509_STORE_free(chain->store);
}

int main(int count, char **arguments)
{
    static char line[1 << 20];
    struct chain chain;
    FILE *file;
    double seconds;

    if (count != 3)
        return 2;
    file = fopen(arguments[1], "r");
    seconds = atof(arguments[2]);
    if (file == NULL)
        return 2;
    fprintf(stderr, "%s\n", OpenSSL_version(OPENSSL_VERSION));
    memset(&chain, 0, sizeof chain);
    while (fgets(line, sizeof line, file) != NULL) {
        char *text = line + 2;
        line[strcspn(line, "\n")] = 0;
        switch (line[0]) {
        case 'N':
            memset(&chain, 0, sizeof chain);
            if (sscanf(text, "%127s %lld %d %d %d", chain.name, &chain.at, &chain.server, &chain.lists, &chain.policy) != 5)
                return 2;
            break;
        case 'A':
            if (chain.n_anchors < MAX)
                chain.anchors[chain.n_anchors++] = from_hex(text);
            break;
        case 'I':
            if (chain.n_between < MAX)
                chain.between[chain.n_between++] = from_hex(text);
            break;
        case 'L':
            if (chain.n_listed < MAX)
                chain.listed[chain.n_listed++] = from_hex(text);
            break;
        case 'P':
            if (chain.n_policies < MAX)
                snprintf(chain.policies[chain.n_policies++], 128, "%.127s", text);
            break;
        case 'T':
            chain.target = from_hex(text);
            break;
        case 'E':
            measure(&chain, seconds);
            break;
        default:
            return 2;
        }
    }
    fclose(file);
    return 0;
}
