<?php

// SimpleSAMLphp behind PHP's own web server, and what the tests tell it. The settings are JSON:
//
// people             attributes by user name: {"ada": {"mail": ["ada@acme.example"], "groups": ["staff", "math"]}}.
//                    Every password is `any`
// service_providers  by entity id, each with `metadata`, its SAML metadata as XML, and whatever SimpleSAMLphp can be
//                    told about a service provider (`saml20-sp-remote`): {"saml20.sign.response": false}
// origin             what it calls itself when something stands before it that ends TLS; else http://127.0.0.1:PORT
// two_certificates   publishes the next certificate too, before the one that signs
//
// Beside the protocol, on the same port:
//
//   POST /test/configure   the same JSON: adds people and service providers, or replaces those of the same name. 204
//   POST /test/rotate      signs with the next key from now on, and makes another next one. 204

require_once __DIR__ . '/settings.php';

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($path === '/test/configure') {
    configure(json_decode(file_get_contents('php://input'), true, 512, JSON_THROW_ON_ERROR));
    http_response_code(204);
    return;
}
if ($path === '/test/rotate') {
    rename(state('next.pem'), state('active.pem'));
    rename(state('next.crt'), state('active.crt'));
    make_key('next');
    http_response_code(204);
    return;
}
// A form of its own is sent by a script.
if (preg_match('#^/simplesaml(/resources/[\w./-]+\.(js|css))$#', $path, $found) && !str_contains($path, '..')) {
    header('Content-Type: text/' . ($found[2] === 'js' ? 'javascript' : 'css'));
    readfile(getenv('SIMPLESAMLPHP') . '/www' . $found[1]);
    return;
}
if (!preg_match('#^/simplesaml(/.*?\.php)(/.*)?$#', $path, $found)) {
    http_response_code(404);
    return;
}
// Whatever stands before it ends TLS and hands the rest on as it is.
$origin = parse_url(settings()['origin'] ?? 'http://' . $_SERVER['HTTP_HOST']);
$_SERVER['HTTPS'] = $origin['scheme'] === 'https' ? 'on' : 'off';
$_SERVER['SERVER_PORT'] = $origin['port'];
$_SERVER['SCRIPT_FILENAME'] = getenv('SIMPLESAMLPHP') . '/www' . $found[1];
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/simplesaml' . $found[1];
$_SERVER['PATH_INFO'] = $found[2] ?? '';
chdir(dirname($_SERVER['SCRIPT_FILENAME']));
require $_SERVER['SCRIPT_FILENAME'];
