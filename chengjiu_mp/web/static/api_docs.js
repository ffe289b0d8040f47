const box = document.getElementById("document");
SwaggerUIBundle({
  url: box.dataset.url,
  domNode: box,
  validatorUrl: null,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
});
