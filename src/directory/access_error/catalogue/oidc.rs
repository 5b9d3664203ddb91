//! Sign-in over OIDC.

use super::{Code, Entry, Remedy, Text, WhoCanFix, entries};

entries! {
    OidcDiscoveryFailed 403 {
        message:
            "Your identity provider’s configuration could not be read.",
            "La configuration de votre fournisseur d’identité n’a pas pu être lue.";
        cause:
            "The identity provider did not answer at the issuer’s address, or what it published there is not a valid configuration of that issuer.",
            "Le fournisseur d’identité n’a pas répondu à l’adresse de l’émetteur (issuer), ou ce qu’il y publie n’est pas une configuration valide de cet émetteur.";
        IdpAdministrator:
            "Check that the issuer’s /.well-known/openid-configuration is reachable from the internet and names exactly this issuer.",
            "Vérifiez que /.well-known/openid-configuration de l’émetteur est accessible depuis internet et indique exactement cet émetteur.";
        CompanyAdministrator:
            "Compare the issuer in the connection with the one of your identity provider, character by character.",
            "Comparez l’émetteur saisi dans la connexion avec celui de votre fournisseur d’identité, caractère par caractère.";
        Support:
            "The trace shows what was fetched and what answered. Check that outgoing calls of the gateway get through.",
            "La trace montre ce qui a été demandé et la réponse obtenue. Vérifiez que les appels sortants de la passerelle aboutissent.";
    }
    OidcEndpointRefused 403 {
        message:
            "Your identity provider’s configuration names an address that the gateway does not call.",
            "La configuration de votre fournisseur d’identité indique une adresse que la passerelle refuse d’appeler.";
        cause:
            "The identity provider publishes an address on another host than its issuer, without https, or inside a private network.",
            "Le fournisseur d’identité publie une adresse située sur un autre hôte que son émetteur, sans https ou dans un réseau privé.";
        CompanyAdministrator:
            "If the other host does belong to your identity provider, add it to the allowed hosts of the connection.",
            "Si cet autre hôte appartient bien à votre fournisseur d’identité, ajoutez-le aux hôtes autorisés de la connexion.";
        IdpAdministrator:
            "Publish addresses that use https and are reachable from the internet.",
            "Publiez des adresses en https accessibles depuis internet.";
    }
    OidcKeysFailed 403 {
        message:
            "Your identity provider’s signing keys could not be read.",
            "Les clés de signature de votre fournisseur d’identité n’ont pas pu être lues.";
        cause:
            "The identity provider’s key address (jwks_uri) did not answer, or did not hold a valid set of keys.",
            "L’adresse des clés du fournisseur d’identité (jwks_uri) n’a pas répondu ou ne contenait pas un jeu de clés valide.";
        IdpAdministrator:
            "Check that the address of the keys is reachable from the internet and returns a JSON Web Key Set.",
            "Vérifiez que l’adresse des clés est accessible depuis internet et renvoie un JSON Web Key Set.";
        Support:
            "The trace shows what was fetched and what answered.",
            "La trace montre ce qui a été demandé et la réponse obtenue.";
    }
    OidcErrorFromIdp 403 {
        message:
            "Your identity provider refused the sign-in.",
            "Votre fournisseur d’identité a refusé la connexion.";
        cause:
            "The identity provider ended the sign-in with an error of its own. Often the person is not assigned to this application, a policy forbids the sign-in, or the person cancelled it.",
            "Le fournisseur d’identité a interrompu la connexion avec sa propre erreur. Souvent la personne n’est pas affectée à cette application, une règle interdit la connexion, ou la personne l’a annulée.";
        IdpAdministrator:
            "Assign the person to this application, and look up the refusal in the identity provider’s own sign-in log.",
            "Affectez la personne à cette application et consultez le refus dans le journal des connexions du fournisseur d’identité.";
        Person:
            "If you cancelled the sign-in yourself, start again.",
            "Si vous avez annulé la connexion vous-même, recommencez.";
    }
    OidcCallbackMalformed 400 {
        message:
            "The answer that your browser brought from the identity provider is incomplete or malformed.",
            "La réponse que votre navigateur a rapportée du fournisseur d’identité est incomplète ou mal formée.";
        cause:
            "This address was opened by hand, from a bookmark or from a shortened link, or something on the way changed it.",
            "Cette adresse a été ouverte à la main, depuis un favori ou un lien tronqué, ou elle a été modifiée en chemin.";
        Person:
            "Start again from the sign-in page. Do not bookmark the page in between.",
            "Recommencez à partir de la page de connexion. N’enregistrez pas la page intermédiaire dans vos favoris.";
        IdpAdministrator:
            "If it happens to everybody, check that the identity provider returns code and state to the redirect address.",
            "Si tout le monde est concerné, vérifiez que le fournisseur d’identité renvoie code et state à l’adresse de redirection.";
    }
    OidcCallbackMismatch 400 {
        message:
            "The answer does not come from the identity provider that was asked.",
            "La réponse ne provient pas du fournisseur d’identité qui a été interrogé.";
        cause:
            "The answer names another issuer, or it came back through another connection than the one that the sign-in began with. Somebody may be trying to mix up two identity providers.",
            "La réponse indique un autre émetteur, ou elle est revenue par une autre connexion que celle du départ. Quelqu’un essaie peut-être de substituer un fournisseur d’identité à un autre.";
        Person:
            "Start again from your organisation’s sign-in page, and do not use a link that somebody sent to you.",
            "Recommencez à partir de la page de connexion de votre organisation, sans utiliser un lien que l’on vous a envoyé.";
        CompanyAdministrator:
            "If it happens to everybody, compare the redirect address registered at the identity provider with the one of the connection.",
            "Si tout le monde est concerné, comparez l’adresse de redirection enregistrée chez le fournisseur d’identité avec celle de la connexion.";
    }
    OidcStateMismatch 400 {
        message:
            "This sign-in was not started in this browser, or it has been used already.",
            "Cette connexion n’a pas été commencée dans ce navigateur, ou elle a déjà servi.";
        cause:
            "You went back to an earlier page, reloaded it, opened the link in another browser, or your browser did not keep the cookie of the sign-in.",
            "Vous êtes revenu à une page précédente, vous l’avez rechargée, vous avez ouvert le lien dans un autre navigateur, ou votre navigateur n’a pas conservé le cookie de la connexion.";
        Person:
            "Start again from the sign-in page, in one browser and with cookies allowed for this site.",
            "Recommencez à partir de la page de connexion, dans un seul navigateur et en autorisant les cookies de ce site.";
    }
    OidcNonceMismatch 400 {
        message:
            "The identity provider’s answer belongs to another sign-in.",
            "La réponse du fournisseur d’identité appartient à une autre connexion.";
        cause:
            "The token that arrived was not made for this sign-in. Somebody may have put in an answer that was meant for another one.",
            "Le jeton reçu n’a pas été émis pour cette connexion. Quelqu’un a peut-être inséré une réponse destinée à une autre.";
        Person:
            "Start again from the sign-in page. If it happens again, tell your administrator.",
            "Recommencez à partir de la page de connexion. Si cela se reproduit, prévenez votre administrateur.";
        IdpAdministrator:
            "If it happens to everybody, check that the identity provider copies the nonce into the ID token.",
            "Si tout le monde est concerné, vérifiez que le fournisseur d’identité recopie le nonce dans le jeton d’identité.";
    }
    OidcTokenExchangeFailed 403 {
        message:
            "The identity provider did not give a token for this sign-in.",
            "Le fournisseur d’identité n’a pas délivré de jeton pour cette connexion.";
        cause:
            "Most often the client secret has run out or was replaced. Otherwise the client id or the redirect address differs from what is registered, or the identity provider did not answer.",
            "Le plus souvent, le secret client a expiré ou a été remplacé. Sinon, l’identifiant client ou l’adresse de redirection diffère de ce qui est enregistré, ou le fournisseur d’identité n’a pas répondu.";
        CompanyAdministrator:
            "Make a new client secret at the identity provider and enter it in the connection. Compare the client id and the redirect address as well.",
            "Créez un nouveau secret client chez le fournisseur d’identité et saisissez-le dans la connexion. Comparez aussi l’identifiant client et l’adresse de redirection.";
        IdpAdministrator:
            "Check that the application is enabled and may use the authorisation code flow with PKCE.",
            "Vérifiez que l’application est active et peut utiliser le flux par code d’autorisation avec PKCE.";
    }
    OidcTokenInvalid 403 {
        message:
            "The identity provider’s ID token cannot be used.",
            "Le jeton d’identité du fournisseur d’identité est inutilisable.";
        cause:
            "The ID token is missing, too large, encrypted, or lacks something that OpenID Connect requires.",
            "Le jeton d’identité est absent, trop volumineux, chiffré, ou il lui manque un élément exigé par OpenID Connect.";
        IdpAdministrator:
            "Send a signed, unencrypted ID token with iss, sub, aud, exp, iat and nonce. Limit the groups sent if it is too large.",
            "Transmettez un jeton d’identité signé et non chiffré, avec iss, sub, aud, exp, iat et nonce. Limitez les groupes transmis s’il est trop volumineux.";
    }
    OidcWeakAlgorithm 403 {
        message:
            "The identity provider signs with an algorithm that is not accepted.",
            "Le fournisseur d’identité signe avec un algorithme qui n’est pas accepté.";
        cause:
            "The ID token is unsigned, signed with a shared secret, or uses an algorithm that is not allowed for this connection.",
            "Le jeton d’identité n’est pas signé, est signé avec un secret partagé, ou utilise un algorithme non autorisé pour cette connexion.";
        IdpAdministrator:
            "Sign ID tokens for this application with RS256, PS256, ES256 or EdDSA.",
            "Signez les jetons d’identité de cette application avec RS256, PS256, ES256 ou EdDSA.";
    }
    OidcSigningKeyUnknown 403 {
        message:
            "The identity provider signed with a key that it does not publish.",
            "Le fournisseur d’identité a signé avec une clé qu’il ne publie pas.";
        cause:
            "The keys were changed a moment ago and the new one is not published yet, or the token does not come from this identity provider.",
            "Les clés viennent d’être changées et la nouvelle n’est pas encore publiée, ou le jeton ne provient pas de ce fournisseur d’identité.";
        Person:
            "Wait a minute, then try once more.",
            "Attendez une minute, puis réessayez une fois.";
        IdpAdministrator:
            "Publish a new key before signing with it, and keep the old one published for a while.",
            "Publiez une nouvelle clé avant de l’utiliser pour signer, et laissez l’ancienne publiée quelque temps.";
        CompanyAdministrator:
            "Refresh the connection, so that the keys are fetched again.",
            "Actualisez la connexion afin que les clés soient relues.";
    }
    OidcSignatureInvalid 403 {
        message:
            "The signature of the identity provider’s ID token is not valid.",
            "La signature du jeton d’identité du fournisseur d’identité n’est pas valide.";
        cause:
            "The token was changed on its way, or was signed with another key than the one it names.",
            "Le jeton a été modifié en chemin, ou signé avec une autre clé que celle qu’il indique.";
        IdpAdministrator:
            "Check that the published keys are the ones that sign, above all after a change of keys.",
            "Vérifiez que les clés publiées sont bien celles qui signent, surtout après un changement de clés.";
        Support:
            "If it happens once and never again, treat it as an attempted forgery.",
            "Si cela ne se produit qu’une fois, traitez-le comme une tentative de falsification.";
    }
    OidcBadIssuer 403 {
        message:
            "The ID token was issued by another identity provider than expected.",
            "Le jeton d’identité a été émis par un autre fournisseur d’identité que prévu.";
        cause:
            "The issuer in the token is not exactly the issuer of the connection. A slash at the end or another tenant’s identifier is enough of a difference.",
            "L’émetteur indiqué dans le jeton n’est pas exactement celui de la connexion. Une barre oblique finale ou l’identifiant d’un autre annuaire (tenant) suffit à les distinguer.";
        CompanyAdministrator:
            "Copy the issuer from the identity provider’s configuration into the connection, character by character.",
            "Recopiez dans la connexion l’émetteur indiqué par la configuration du fournisseur d’identité, caractère par caractère.";
    }
    OidcBadAudience 403 {
        message:
            "The ID token was issued for another application.",
            "Le jeton d’identité a été émis pour une autre application.";
        cause:
            "The audience (aud) or the authorised party (azp) of the token is not the client id of the connection.",
            "L’audience (aud) ou la partie autorisée (azp) du jeton n’est pas l’identifiant client de la connexion.";
        CompanyAdministrator:
            "Enter in the connection the client id that the identity provider shows for this application.",
            "Saisissez dans la connexion l’identifiant client que le fournisseur d’identité affiche pour cette application.";
        IdpAdministrator:
            "Do not add further audiences to the ID tokens of this application.",
            "N’ajoutez pas d’autres audiences aux jetons d’identité de cette application.";
    }
    OidcTokenExpired 403 {
        message:
            "The identity provider’s ID token had expired when it arrived.",
            "Le jeton d’identité du fournisseur d’identité avait expiré à son arrivée.";
        cause:
            "The token lives for a very short time, or the clock of the identity provider is slow.",
            "Le jeton a une durée de vie très courte, ou l’horloge du fournisseur d’identité retarde.";
        IdpAdministrator:
            "Let the clock be set over the network, and give ID tokens a life of at least five minutes.",
            "Synchronisez l’horloge par le réseau et donnez aux jetons d’identité une durée de vie d’au moins cinq minutes.";
        Person:
            "Start again from the sign-in page.",
            "Recommencez à partir de la page de connexion.";
    }
    OidcClockSkew 403 {
        message:
            "The clocks of the identity provider and of the gateway disagree.",
            "Les horloges du fournisseur d’identité et de la passerelle ne concordent pas.";
        cause:
            "The ID token says that it was issued, or becomes valid, in the future or too long ago.",
            "Selon le jeton d’identité, son émission ou le début de sa validité se situe dans le futur ou trop loin dans le passé.";
        IdpAdministrator:
            "Let the clock of the identity provider be set over the network (NTP).",
            "Synchronisez l’horloge du fournisseur d’identité par le réseau (NTP).";
        Support:
            "Check the clock of the gateway as well. The trace shows both times.",
            "Vérifiez aussi l’horloge de la passerelle. La trace montre les deux heures.";
    }
    OidcAccessTokenMismatch 403 {
        message:
            "The identity provider’s two tokens do not belong together.",
            "Les deux jetons du fournisseur d’identité ne vont pas ensemble.";
        cause:
            "The access token is not the one that the ID token vouches for (at_hash). It may have been exchanged.",
            "Le jeton d’accès n’est pas celui dont le jeton d’identité se porte garant (at_hash). Il a peut-être été substitué.";
        IdpAdministrator:
            "Check that at_hash is computed from the access token of the same answer.",
            "Vérifiez que at_hash est calculé à partir du jeton d’accès de la même réponse.";
        Support:
            "If it happens once and never again, treat it as an attempted forgery.",
            "Si cela ne se produit qu’une fois, traitez-le comme une tentative de falsification.";
    }
    OidcSubjectInvalid 403 {
        message:
            "The identity provider did not say who is signing in.",
            "Le fournisseur d’identité n’a pas indiqué qui se connecte.";
        cause:
            "The subject (sub) is empty, longer than 255 characters, or holds characters that an identifier must not have.",
            "Le sujet (sub) est vide, dépasse 255 caractères ou contient des caractères interdits dans un identifiant.";
        IdpAdministrator:
            "Send for each person a subject that is stable, not empty and at most 255 characters long.",
            "Transmettez pour chaque personne un sujet stable, non vide et d’au plus 255 caractères.";
    }
    OidcUserinfoFailed 403 {
        message:
            "The identity provider did not give the details of your profile.",
            "Le fournisseur d’identité n’a pas fourni les détails de votre profil.";
        cause:
            "The identity provider’s userinfo address did not answer, or its answer was not a valid profile.",
            "L’adresse userinfo du fournisseur d’identité n’a pas répondu, ou sa réponse n’était pas un profil valide.";
        IdpAdministrator:
            "Check that the userinfo address answers, or put the e-mail address and the name into the ID token.",
            "Vérifiez que l’adresse userinfo répond, ou placez l’adresse e-mail et le nom dans le jeton d’identité.";
        Person:
            "Try once more in a few minutes.",
            "Réessayez une fois dans quelques minutes.";
    }
    OidcUserinfoMismatch 403 {
        message:
            "The identity provider sent the profile of another person.",
            "Le fournisseur d’identité a transmis le profil d’une autre personne.";
        cause:
            "The subject of the userinfo answer is not the subject of the ID token, so the profile was not used.",
            "Le sujet de la réponse userinfo n’est pas celui du jeton d’identité, le profil n’a donc pas été utilisé.";
        IdpAdministrator:
            "Make both use the same subject for this application, above all where subjects are pairwise.",
            "Faites en sorte que les deux utilisent le même sujet pour cette application, surtout si les sujets sont propres à chaque application (pairwise).";
        Support:
            "If it happens once and never again, treat it as an attempted forgery.",
            "Si cela ne se produit qu’une fois, traitez-le comme une tentative de falsification.";
    }
}
