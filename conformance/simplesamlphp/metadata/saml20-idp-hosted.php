<?php

$metadata['__DYNAMIC:1__'] = [
    'host' => '__DEFAULT__',
    'privatekey' => 'active.pem',
    'certificate' => 'active.crt',
    'auth' => 'people',
    'logouttype' => 'traditional',
    'sign.logout' => true,
    'attributes.NameFormat' => SAML2\Constants::NAMEFORMAT_BASIC,
    'SingleSignOnServiceBinding' => [SAML2\Constants::BINDING_HTTP_REDIRECT, SAML2\Constants::BINDING_HTTP_POST],
    'SingleLogoutServiceBinding' => [SAML2\Constants::BINDING_HTTP_REDIRECT, SAML2\Constants::BINDING_HTTP_POST],
];
if (settings()['two_certificates'] ?? false) {
    $metadata['__DYNAMIC:1__'] += ['new_privatekey' => 'next.pem', 'new_certificate' => 'next.crt'];
}
