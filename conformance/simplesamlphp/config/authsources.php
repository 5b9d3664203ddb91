<?php

require_once dirname(__DIR__) . '/settings.php';

$config = ['people' => ['exampleauth:UserPass']];
foreach (settings()['people'] as $name => $attributes) {
    $config['people']["$name:any"] = $attributes + ['uid' => [$name]];
}
