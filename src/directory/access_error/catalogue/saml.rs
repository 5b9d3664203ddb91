//! Sign-in over SAML 2.0.

use super::{Code, Entry, Remedy, Text, WhoCanFix, entries};

entries! {
    SamlSignatureMissing 403 {
        message:
            "The identity provider’s answer is not signed.",
            "La réponse du fournisseur d’identité n’est pas signée.";
        cause:
            "Neither the SAML response nor the assertion in it carries a signature, so nothing proves where it comes from.",
            "Ni la réponse SAML ni l’assertion qu’elle contient ne porte de signature, rien ne prouve donc son origine.";
        IdpAdministrator:
            "Sign the assertion, or the response and the assertion, for this application.",
            "Signez l’assertion, ou la réponse et l’assertion, pour cette application.";
    }
    SamlSignatureInvalid 403 {
        message:
            "The signature of the identity provider’s answer is not valid.",
            "La signature de la réponse du fournisseur d’identité n’est pas valide.";
        cause:
            "The answer was changed after it had been signed, or its signature is not built as SAML requires.",
            "La réponse a été modifiée après sa signature, ou sa signature n’est pas construite comme SAML l’exige.";
        IdpAdministrator:
            "Check that nothing between the identity provider and the browser rewrites the answer.",
            "Vérifiez qu’aucun intermédiaire entre le fournisseur d’identité et le navigateur ne réécrit la réponse.";
        Support:
            "If it happens once and never again, treat it as an attempted forgery.",
            "Si cela ne se produit qu’une fois, traitez-le comme une tentative de falsification.";
    }
    SamlCertificateChanged 403 {
        message:
            "The identity provider signs with a certificate that is not known here.",
            "Le fournisseur d’identité signe avec un certificat inconnu ici.";
        cause:
            "The identity provider has most probably changed its signing certificate, and the connection still has the old one.",
            "Le fournisseur d’identité a très probablement changé de certificat de signature, et la connexion utilise encore l’ancien.";
        IdpAdministrator:
            "Hand over the new signing certificate or the current metadata.",
            "Transmettez le nouveau certificat de signature ou les métadonnées à jour.";
        CompanyAdministrator:
            "Add the new certificate to the connection once its origin is certain.",
            "Ajoutez le nouveau certificat à la connexion après vous être assuré de son origine.";
    }
    SamlCertificateExpired 403 {
        message:
            "The identity provider’s signing certificate has expired.",
            "Le certificat de signature du fournisseur d’identité a expiré.";
        cause:
            "The certificate with which the identity provider signs is past its end date.",
            "Le certificat avec lequel le fournisseur d’identité signe a dépassé sa date de fin.";
        IdpAdministrator:
            "Make a new signing certificate and hand it over.",
            "Créez un nouveau certificat de signature et transmettez-le.";
        CompanyAdministrator:
            "Add the new certificate to the connection.",
            "Ajoutez le nouveau certificat à la connexion.";
    }
    SamlWeakAlgorithm 403 {
        message:
            "The identity provider signs with an outdated algorithm.",
            "Le fournisseur d’identité signe avec un algorithme obsolète.";
        cause:
            "The signature or the digest uses an algorithm that is no longer safe, such as SHA-1.",
            "La signature ou l’empreinte utilise un algorithme qui n’est plus sûr, par exemple SHA-1.";
        IdpAdministrator:
            "Set signature and digest to SHA-256 for this application.",
            "Réglez la signature et l’empreinte sur SHA-256 pour cette application.";
    }
    SamlBadIssuer 403 {
        message:
            "The answer comes from another identity provider than expected.",
            "La réponse provient d’un autre fournisseur d’identité que prévu.";
        cause:
            "The issuer in the answer is not the entity id of the connection’s identity provider.",
            "L’émetteur indiqué dans la réponse n’est pas l’identifiant d’entité (entity id) du fournisseur d’identité de la connexion.";
        CompanyAdministrator:
            "Load the identity provider’s current metadata into the connection, or correct the entity id.",
            "Chargez dans la connexion les métadonnées à jour du fournisseur d’identité, ou corrigez l’identifiant d’entité.";
    }
    SamlBadAudience 403 {
        message:
            "The identity provider’s answer was made for another application.",
            "La réponse du fournisseur d’identité a été émise pour une autre application.";
        cause:
            "The audience of the assertion is missing or is not the entity id of this connection.",
            "L’audience de l’assertion est absente ou n’est pas l’identifiant d’entité de cette connexion.";
        IdpAdministrator:
            "Enter the entity id of the connection as audience (SP entity id) of this application.",
            "Saisissez l’identifiant d’entité de la connexion comme audience (SP entity id) de cette application.";
    }
    SamlBadDestination 403 {
        message:
            "The identity provider’s answer was meant for another address.",
            "La réponse du fournisseur d’identité était destinée à une autre adresse.";
        cause:
            "The destination or the recipient in the answer is not the address at which the connection takes answers (ACS URL).",
            "La destination ou le destinataire indiqué dans la réponse n’est pas l’adresse à laquelle la connexion reçoit les réponses (ACS URL).";
        IdpAdministrator:
            "Enter the ACS URL of the connection for this application, character by character.",
            "Saisissez pour cette application l’ACS URL de la connexion, caractère par caractère.";
    }
    SamlClockSkew 403 {
        message:
            "The clocks of your identity provider and of this service disagree.",
            "Les horloges de votre fournisseur d’identité et de ce service ne concordent pas.";
        cause:
            "The answer says that it was issued, or becomes valid, in the future.",
            "Selon la réponse, son émission ou le début de sa validité se situe dans le futur.";
        IdpAdministrator:
            "Let the clock of the identity provider be set over the network (NTP).",
            "Synchronisez l’horloge du fournisseur d’identité par le réseau (NTP).";
        Support:
            "Check the clock of the gateway as well.",
            "Vérifiez aussi l’horloge de la passerelle.";
    }
    SamlExpired 403 {
        message:
            "The identity provider’s answer had expired when it arrived.",
            "La réponse du fournisseur d’identité avait expiré à son arrivée.";
        cause:
            "The answer took too long to get here, or the clock of the identity provider is slow.",
            "La réponse a mis trop de temps à arriver, ou l’horloge du fournisseur d’identité retarde.";
        IdpAdministrator:
            "Let the clock be set over the network (NTP), and make answers valid for a few minutes.",
            "Synchronisez l’horloge par le réseau (NTP) et rendez les réponses valables quelques minutes.";
        Person:
            "Start again from the sign-in page.",
            "Recommencez à partir de la page de connexion.";
    }
    SamlReplay 403 {
        message:
            "This answer of the identity provider has been used already.",
            "Cette réponse du fournisseur d’identité a déjà été utilisée.";
        cause:
            "You reloaded the page or went back to it. Each answer opens one session only.",
            "Vous avez rechargé la page ou y êtes revenu. Chaque réponse n’ouvre qu’une seule session.";
        Person:
            "Start again from the sign-in page instead of reloading.",
            "Recommencez à partir de la page de connexion au lieu de recharger la page.";
    }
    SamlStatusNotSuccess 403 {
        message:
            "Your identity provider answered that the sign-in failed.",
            "Votre fournisseur d’identité a répondu que la connexion a échoué.";
        cause:
            "The status of the SAML answer is not Success. Often the person is not assigned to this application or a policy forbids the sign-in.",
            "Le statut de la réponse SAML n’est pas Success. Souvent la personne n’est pas affectée à cette application ou une règle interdit la connexion.";
        IdpAdministrator:
            "Assign the person to this application, and look up the refusal in the identity provider’s own log. The trace shows the status code.",
            "Affectez la personne à cette application et consultez le refus dans le journal du fournisseur d’identité. La trace montre le code de statut.";
    }
    SamlIdpInitiatedRefused 403 {
        message:
            "Signing in from the identity provider’s portal is not allowed for this connection.",
            "La connexion depuis le portail du fournisseur d’identité n’est pas autorisée pour cette connexion.";
        cause:
            "You used a tile or a link at your identity provider. This connection only admits sign-ins that begin here.",
            "Vous avez utilisé une vignette ou un lien de votre fournisseur d’identité. Cette connexion n’admet que les connexions commencées ici.";
        Person:
            "Start from the sign-in page of this service.",
            "Commencez à partir de la page de connexion de ce service.";
        CompanyAdministrator:
            "If people are to come from the portal, allow it for the connection, or point the tile to the connection’s start address.",
            "Si les personnes doivent venir du portail, autorisez-le sur la connexion, ou dirigez la vignette vers l’adresse de départ de la connexion.";
    }
    SamlRelaystateLost 400 {
        message:
            "Your browser did not bring back the sign-in that it started.",
            "Votre navigateur n’a pas rapporté la connexion qu’il avait commencée.";
        cause:
            "The cookie of the sign-in or the RelayState is missing. Cookies may be blocked, or another browser was used.",
            "Le cookie de la connexion ou le RelayState est absent. Les cookies sont peut-être bloqués, ou un autre navigateur a été utilisé.";
        Person:
            "Allow cookies for this site and start again from the sign-in page, in one browser.",
            "Autorisez les cookies de ce site et recommencez à partir de la page de connexion, dans un seul navigateur.";
        IdpAdministrator:
            "If it happens to everybody, check that the identity provider returns RelayState unchanged.",
            "Si tout le monde est concerné, vérifiez que le fournisseur d’identité renvoie le RelayState inchangé.";
    }
    SamlMalformed 400 {
        message:
            "The identity provider’s answer is not an acceptable SAML message.",
            "La réponse du fournisseur d’identité n’est pas un message SAML acceptable.";
        cause:
            "The message is damaged, too large, or built in a way that is never accepted because forgeries are built so.",
            "Le message est endommagé, trop grand, ou construit d’une manière qui n’est jamais acceptée parce que des falsifications le sont.";
        Person:
            "Start again from the sign-in page.",
            "Recommencez à partir de la page de connexion.";
        IdpAdministrator:
            "If it happens to everybody, compare the answer with the check that failed.",
            "Si cela arrive à tout le monde, comparez la réponse avec la vérification qui a échoué.";
    }
    SamlAssertionInvalid 403 {
        message:
            "The identity provider’s answer lacks something that is required, or says it twice.",
            "Il manque une information obligatoire dans la réponse du fournisseur d’identité, ou elle y figure deux fois.";
        cause:
            "The assertion is signed, but conditions, the subject’s confirmation or the statement of the sign-in are missing or contradict themselves.",
            "L’assertion est signée, mais les conditions, la confirmation du sujet ou la déclaration d’authentification manquent ou se contredisent.";
        IdpAdministrator:
            "Send what the check that failed expects; the templates of the guides do.",
            "Envoyez ce qu’attend la vérification qui a échoué ; les modèles des guides le font.";
    }
    SamlSubjectInvalid 403 {
        message:
            "The identity provider’s name for the person cannot be used.",
            "Le nom que le fournisseur d’identité donne à la personne est inutilisable.";
        cause:
            "The NameID is missing, empty, too long or holds characters that a name cannot have.",
            "Le NameID manque, est vide, trop long ou contient des caractères qu’un nom ne peut pas avoir.";
        IdpAdministrator:
            "Send one NameID that stays the same for the person.",
            "Envoyez un seul NameID qui reste le même pour la personne.";
    }
    SamlDecryptionFailed 403 {
        message:
            "The identity provider’s answer is encrypted and could not be read or verified.",
            "La réponse du fournisseur d’identité est chiffrée et n’a pas pu être lue ou vérifiée.";
        cause:
            "It was encrypted for another key, with a method that is not accepted, or what is inside is not signed by the identity provider.",
            "Elle a été chiffrée pour une autre clé, avec une méthode qui n’est pas acceptée, ou son contenu n’est pas signé par le fournisseur d’identité.";
        IdpAdministrator:
            "Load the current metadata of this application again, encrypt with AES and RSA-OAEP, and sign the assertion before it is encrypted.",
            "Rechargez les métadonnées actuelles de cette application, chiffrez avec AES et RSA-OAEP, et signez l’assertion avant de la chiffrer.";
        CompanyAdministrator:
            "Check that the connection still has the key that the identity provider uses.",
            "Vérifiez que la connexion possède encore la clé que le fournisseur d’identité utilise.";
    }
}
