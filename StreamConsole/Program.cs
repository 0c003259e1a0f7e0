using FanOut.StreamConsole;
using FanOut.StreamConsole.Access;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddNpgsqlDataSource("fanout");
builder.AddSecretProtection();
builder.AddSignIn();
builder.AddConsole();

var app = builder.Build();
app.UsePageHeaders();
app.MapDefaultEndpoints();
app.MapSignIn();
app.MapConsole();
app.Run();
