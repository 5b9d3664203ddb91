//! The person: what the identity provider says about them, their account, and what their organisation allows.

use super::{Code, Entry, Remedy, Text, WhoCanFix, entries};

entries! {
    EmailMissing 403 {
        message:
            "Your identity provider did not send an e-mail address.",
            "Votre fournisseur d’identité n’a pas transmis d’adresse e-mail.";
        cause:
            "The e-mail address is not among the attributes that the identity provider sends to this application, your profile there has none, or the attribute has a name that the connection does not know.",
            "L’adresse e-mail ne fait pas partie des attributs que le fournisseur d’identité transmet à cette application, votre profil n’en contient pas, ou l’attribut porte un nom que la connexion ne connaît pas.";
        IdpAdministrator:
            "Add the e-mail address to the attributes sent to this application, and check that the person has one.",
            "Ajoutez l’adresse e-mail aux attributs transmis à cette application et vérifiez que la personne en possède une.";
        CompanyAdministrator:
            "If it is sent under another name, enter that name in the attribute mapping of the connection.",
            "Si elle est transmise sous un autre nom, indiquez ce nom dans la correspondance des attributs de la connexion.";
    }
    EmailMalformed 403 {
        message:
            "What your identity provider sent as your e-mail address is not one e-mail address.",
            "Ce que votre fournisseur d’identité a transmis comme adresse e-mail n’est pas une adresse e-mail unique et valide.";
        cause:
            "The attribute used for the e-mail address holds something else, such as a login name or several addresses.",
            "L’attribut utilisé pour l’adresse e-mail contient autre chose, par exemple un identifiant ou plusieurs adresses.";
        IdpAdministrator:
            "Send exactly one complete e-mail address for each person.",
            "Transmettez exactement une adresse e-mail complète par personne.";
        CompanyAdministrator:
            "Check in the attribute mapping of the connection which attribute is read as the e-mail address.",
            "Vérifiez dans la correspondance des attributs de la connexion quel attribut est lu comme adresse e-mail.";
    }
    EmailNotVerified 403 {
        message:
            "Your identity provider has not confirmed your e-mail address.",
            "Votre fournisseur d’identité n’a pas confirmé votre adresse e-mail.";
        cause:
            "The identity provider does not say that the e-mail address is verified, and the connection does not trust unconfirmed addresses.",
            "Le fournisseur d’identité n’indique pas que l’adresse e-mail est vérifiée, et la connexion n’accepte pas les adresses non confirmées.";
        IdpAdministrator:
            "Have the address confirmed, and send email_verified as the boolean value true.",
            "Faites confirmer l’adresse et transmettez email_verified avec la valeur booléenne true.";
        CompanyAdministrator:
            "If your identity provider never says so but only your own staff have accounts there, switch on “trust e-mail” for the connection. It then accepts addresses within your verified domains.",
            "Si votre fournisseur d’identité ne l’indique jamais mais que seul votre personnel y possède un compte, activez «\u{a0}faire confiance à l’e-mail\u{a0}» sur la connexion. Elle accepte alors les adresses de vos domaines vérifiés.";
    }
    EmailOutsideDomains 403 {
        message:
            "Your e-mail address is not within your organisation’s verified domains.",
            "Votre adresse e-mail ne fait pas partie des domaines vérifiés de votre organisation.";
        cause:
            "The part of the address after the @ is not one of the domains that your organisation has verified here. You may also have signed in to your identity provider with a private account.",
            "La partie de l’adresse après le @ n’est pas un domaine que votre organisation a vérifié ici. Il se peut aussi que vous ayez utilisé un compte privé chez votre fournisseur d’identité.";
        Person:
            "If you used a private account, sign out of your identity provider and sign in with your work account.",
            "Si vous avez utilisé un compte privé, déconnectez-vous de votre fournisseur d’identité et reconnectez-vous avec votre compte professionnel.";
        CompanyAdministrator:
            "If the address is right, add its domain to your organisation and verify it.",
            "Si l’adresse est correcte, ajoutez son domaine à votre organisation et vérifiez-le.";
    }
    DepartmentalMailbox 403 {
        message:
            "This e-mail address is a shared mailbox, and shared mailboxes cannot sign in.",
            "Cette adresse e-mail est une boîte partagée, et les boîtes partagées ne peuvent pas se connecter.";
        cause:
            "The address names a department or a function rather than one person, so nobody could tell who is using the account.",
            "L’adresse désigne un service ou une fonction et non une personne, on ne pourrait donc pas savoir qui utilise le compte.";
        Person:
            "Sign in with your own personal work address.",
            "Connectez-vous avec votre adresse professionnelle personnelle.";
        CompanyAdministrator:
            "If the address does belong to one person, ask the identity provider’s administrator to send a personal address for them.",
            "Si l’adresse appartient bien à une seule personne, demandez à l’administrateur du fournisseur d’identité de transmettre une adresse nominative.";
    }
    JitDisabled 403 {
        message:
            "You do not have an account here, and accounts are not created at the first sign-in.",
            "Vous n’avez pas de compte ici, et les comptes ne sont pas créés à la première connexion.";
        cause:
            "Your organisation has switched off the creation of accounts at the first sign-in, and its directory has not sent your account yet.",
            "Votre organisation a désactivé la création de comptes à la première connexion, et son annuaire n’a pas encore transmis votre compte.";
        IdpAdministrator:
            "Assign the person to this application so that provisioning (SCIM) creates the account.",
            "Affectez la personne à cette application afin que le provisionnement (SCIM) crée le compte.";
        CompanyAdministrator:
            "Or switch on the creation of accounts at the first sign-in for the connection.",
            "Ou activez sur la connexion la création de comptes à la première connexion.";
    }
    ScimDeprovisioned 403 {
        message:
            "Your organisation’s directory has withdrawn your access.",
            "L’annuaire de votre organisation a retiré votre accès.";
        cause:
            "Your account here was deactivated or removed by provisioning (SCIM), usually because you are no longer assigned to this application.",
            "Votre compte a été désactivé ou supprimé par le provisionnement (SCIM), le plus souvent parce que vous n’êtes plus affecté à cette application.";
        IdpAdministrator:
            "Assign the person to this application again and wait for the next provisioning cycle.",
            "Affectez de nouveau la personne à cette application et attendez le prochain cycle de provisionnement.";
    }
    AccountInactive 403 {
        message:
            "Your account is deactivated.",
            "Votre compte est désactivé.";
        cause:
            "An administrator has deactivated your account. Your data is kept.",
            "Un administrateur a désactivé votre compte. Vos données sont conservées.";
        CompanyAdministrator:
            "Find the person in the list of users and activate the account.",
            "Recherchez la personne dans la liste des utilisateurs et activez le compte.";
    }
    AccessNotStarted 403 {
        message:
            "Your access has not begun yet.",
            "Votre accès n’a pas encore commencé.";
        cause:
            "Your account has a start date that lies in the future.",
            "Votre compte a une date de début située dans le futur.";
        CompanyAdministrator:
            "Change the start of access if the person is to begin earlier.",
            "Modifiez la date de début d’accès si la personne doit commencer plus tôt.";
    }
    AccessExpired 403 {
        message:
            "Your access has ended.",
            "Votre accès est terminé.";
        cause:
            "The end date of your access has passed. Your data is kept.",
            "La date de fin de votre accès est passée. Vos données sont conservées.";
        CompanyAdministrator:
            "Move or remove the end of access if the person is to go on.",
            "Reportez ou supprimez la date de fin d’accès si la personne doit continuer.";
    }
    AccountDeleted 403 {
        message:
            "Your account has been deleted.",
            "Votre compte a été supprimé.";
        cause:
            "An administrator has deleted your account. A deleted account is not created again by signing in.",
            "Un administrateur a supprimé votre compte. Un compte supprimé n’est pas recréé par une connexion.";
        CompanyAdministrator:
            "Restore the person from the list of deleted users, if that is still possible there.",
            "Restaurez la personne depuis la liste des utilisateurs supprimés, si elle y figure encore.";
    }
    AccountLinkRequired 403 {
        message:
            "An account with your e-mail address exists already and is not linked to single sign-on.",
            "Un compte avec votre adresse e-mail existe déjà et n’est pas lié à l’authentification unique.";
        cause:
            "The account has a password or is linked to another sign-in. An equal e-mail address alone does not prove that it is yours, so it is never linked silently.",
            "Le compte possède un mot de passe ou est lié à une autre connexion. Une adresse e-mail identique ne prouve pas qu’il est le vôtre, il n’est donc jamais lié sans confirmation.";
        Person:
            "Sign in once with your password and confirm the link, then use single sign-on.",
            "Connectez-vous une fois avec votre mot de passe et confirmez le lien, puis utilisez l’authentification unique.";
        CompanyAdministrator:
            "If the person has no password any more, check that the account is theirs and ask support to link it.",
            "Si la personne n’a plus de mot de passe, vérifiez que le compte est bien le sien et demandez au support de le lier.";
    }
    IdentityConflict 403 {
        message:
            "Your identity fits more than one account, so nobody was signed in.",
            "Votre identité correspond à plusieurs comptes, personne n’a donc été connecté.";
        cause:
            "What your identity provider sent points to different accounts, or several accounts share your e-mail address. Choosing one could let you into somebody else’s account.",
            "Les données transmises par votre fournisseur d’identité désignent des comptes différents, ou plusieurs comptes partagent votre adresse e-mail. En choisir un pourrait vous ouvrir le compte d’une autre personne.";
        Support:
            "Look up the reference, find out with the organisation’s administrator which account is the right one, and resolve the duplicate.",
            "Recherchez la référence, déterminez avec l’administrateur de l’organisation quel compte est le bon et éliminez le doublon.";
    }
    GroupNotAllowed 403 {
        message:
            "You are not in any of the groups that may sign in.",
            "Vous ne faites partie d’aucun des groupes autorisés à se connecter.";
        cause:
            "Your organisation admits certain groups only, and your identity provider did not send any of them for you.",
            "Votre organisation n’admet que certains groupes, et votre fournisseur d’identité n’en a transmis aucun pour vous.";
        IdpAdministrator:
            "Add the person to an admitted group and check that groups are sent to this application.",
            "Ajoutez la personne à un groupe admis et vérifiez que les groupes sont transmis à cette application.";
        CompanyAdministrator:
            "Check which groups the connection admits.",
            "Vérifiez quels groupes la connexion admet.";
    }
    SeatLimit 403 {
        message:
            "Your organisation has no free seat left.",
            "Votre organisation n’a plus de place disponible.";
        cause:
            "As many people have access as your organisation has seats for, so no account was created for you.",
            "Le nombre de personnes ayant accès a atteint la limite prévue pour votre organisation, aucun compte n’a donc été créé pour vous.";
        CompanyAdministrator:
            "Deactivate accounts that are no longer needed, or ask for more seats.",
            "Désactivez les comptes devenus inutiles ou demandez davantage de places.";
        Support:
            "Raise the organisation’s limit once that is agreed.",
            "Augmentez la limite de l’organisation une fois l’accord obtenu.";
    }
    InvalidCredentials 401 {
        message:
            "The e-mail address or the password is not right.",
            "L’adresse e-mail ou le mot de passe n’est pas correct.";
        cause:
            "One of them was mistyped, the account has no password yet because its invitation was not accepted, or you sign in through your company’s identity provider.",
            "L’un des deux a été mal saisi, le compte n’a pas encore de mot de passe parce que l’invitation n’a pas été acceptée, ou vous vous connectez par le fournisseur d’identité de votre entreprise.";
        Person:
            "Try again. If you have forgotten your password or never received your invitation, have a link sent to you by “forgotten password”. Look among unwanted mail too.",
            "Réessayez. Si vous avez oublié votre mot de passe ou n’avez jamais reçu votre invitation, faites-vous envoyer un lien par «\u{a0}mot de passe oublié\u{a0}». Regardez aussi dans le courrier indésirable.";
        CompanyAdministrator:
            "Check in the list of users under which address the person has an account and how they sign in.",
            "Vérifiez dans la liste des utilisateurs sous quelle adresse la personne a un compte et comment elle se connecte.";
    }
    LocalSignInDisabled 403 {
        message:
            "Your organisation does not allow signing in with a password.",
            "Votre organisation n’autorise pas la connexion par mot de passe.";
        cause:
            "Everybody of your organisation signs in through its identity provider.",
            "Toutes les personnes de votre organisation se connectent par son fournisseur d’identité.";
        Person:
            "Sign in through your company’s identity provider, from your organisation’s sign-in page.",
            "Connectez-vous par le fournisseur d’identité de votre entreprise, depuis la page de connexion de votre organisation.";
        CompanyAdministrator:
            "If single sign-on does not work at the moment, sign in with the break-glass account.",
            "Si l’authentification unique ne fonctionne pas en ce moment, connectez-vous avec le compte de secours.";
    }
    MfaInvalid 401 {
        message:
            "The security code is not right.",
            "Le code de sécurité n’est pas correct.";
        cause:
            "The code was mistyped, has run out or was used already, or the clock of your telephone is wrong.",
            "Le code a été mal saisi, a expiré ou a déjà servi, ou l’horloge de votre téléphone est fausse.";
        Person:
            "Wait for the next code in your authenticator app and enter it. Let your telephone set its clock automatically.",
            "Attendez le code suivant dans votre application d’authentification et saisissez-le. Laissez votre téléphone régler l’heure automatiquement.";
        CompanyAdministrator:
            "If the device is lost, reset the person’s second factor.",
            "Si l’appareil est perdu, réinitialisez le second facteur de la personne.";
    }
    LockedOut 429 {
        message:
            "Your account is locked for a while after too many failed attempts.",
            "Votre compte est verrouillé temporairement après trop de tentatives infructueuses.";
        cause:
            "A wrong password or security code was entered too often, by you or by somebody who tried your address.",
            "Un mot de passe ou un code de sécurité erroné a été saisi trop souvent, par vous ou par quelqu’un qui a essayé votre adresse.";
        Person:
            "Wait until the lock ends, then try again, or reset your password.",
            "Attendez la fin du verrouillage puis réessayez, ou réinitialisez votre mot de passe.";
        CompanyAdministrator:
            "Check with the person whether the attempts were theirs.",
            "Vérifiez avec la personne si ces tentatives étaient les siennes.";
    }
}
