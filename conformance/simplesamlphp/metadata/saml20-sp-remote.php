<?php

foreach (settings()['service_providers'] as $entity => $told) {
    $read = SimpleSAML\Metadata\SAMLParser::parseString($told['metadata'])->getMetadata20SP();
    unset($told['metadata']);
    // What only the metadata of the web browser's flow would not say: a name that stays, the user's own.
    $stays = ['NameIDFormat' => SAML2\Constants::NAMEID_PERSISTENT, 'simplesaml.nameidattribute' => 'uid'];
    $metadata[$entity] = $told + $stays + $read;
}
