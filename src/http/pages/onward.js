// Sends the form of a page that is only a stop on the way.
document.getElementById("onward").submit();
