<?php

require_once dirname(__DIR__) . '/settings.php';

$config = [
    'baseurlpath' => 'simplesaml/',
    'certdir' => state(''),
    'loggingdir' => state(''),
    'datadir' => state(''),
    'tempdir' => state(''),
    'metadatadir' => dirname(__DIR__) . '/metadata',
    'metadata.sources' => [['type' => 'flatfile']],
    'secretsalt' => 'the salt of the tests',
    'auth.adminpassword' => 'nobody signs in as administrator',
    'technicalcontact_email' => 'nobody@idp.test',
    'timezone' => 'UTC',
    'enable.saml20-idp' => true,
    'module.enable' => ['exampleauth' => true],
    'store.type' => 'phpsession',
    'session.phpsession.cookiename' => 'simplesaml',
    'session.phpsession.savepath' => state(''),
    'session.cookie.secure' => false,
    'logging.level' => SimpleSAML\Logger::WARNING,
    'logging.handler' => 'errorlog',
    'trusted.url.domains' => null,
    'errorreporting' => false,
    'usenewui' => false,
];
