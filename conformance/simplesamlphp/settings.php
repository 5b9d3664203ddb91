<?php

// The settings of a running provider: a file beside its keys, changed by one process at a time.
//
//   php settings.php '{"people": {...}, ...}'   begins with these and makes the keys

function state(string $name): string
{
    return getenv('SIMPLESAMLPHP_STATE') . '/' . $name;
}

function settings(): array
{
    return json_decode(file_get_contents(state('settings.json')), true, 512, JSON_THROW_ON_ERROR);
}

/** Adds people and service providers, or replaces those of the same name; other members are set. */
function configure(array $change): void
{
    $lock = fopen(state('lock'), 'c');
    flock($lock, LOCK_EX);
    $settings = file_exists(state('settings.json')) ? settings() : [];
    foreach ($change as $name => $value) {
        $settings[$name] = in_array($name, ['people', 'service_providers'], true)
            ? array_replace($settings[$name] ?? [], $value)
            : $value;
    }
    // A reader sees the old file or the new one.
    file_put_contents(state('settings.new'), json_encode($settings, JSON_THROW_ON_ERROR));
    rename(state('settings.new'), state('settings.json'));
}

/** A key with a certificate that signs itself, as NAME.pem and NAME.crt. */
function make_key(string $name): void
{
    $key = openssl_pkey_new(['private_key_bits' => 2048, 'private_key_type' => OPENSSL_KEYTYPE_RSA]);
    $request = openssl_csr_new(['commonName' => 'idp.test'], $key, ['digest_alg' => 'sha256']);
    $certificate = openssl_csr_sign($request, null, $key, 365, ['digest_alg' => 'sha256'], random_int(1, PHP_INT_MAX));
    openssl_x509_export_to_file($certificate, state("$name.crt"));
    openssl_pkey_export_to_file($key, state("$name.pem"));
}

if (realpath($argv[0] ?? '') === __FILE__) {
    configure(json_decode($argv[1], true, 512, JSON_THROW_ON_ERROR) + ['people' => [], 'service_providers' => []]);
    make_key('active');
    make_key('next');
}
