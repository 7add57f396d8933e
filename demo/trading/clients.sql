create table clients (name text not null, email text not null, iban text not null, holding text not null);
insert into clients values
  ('Ada Example', 'ada@client.example', 'DE89 3704 0044 0532 0130 00', '1200 ACME'),
  ('Bob Example', 'bob@client.example', 'FR14 2004 1010 0505 0001 3M02 606', '80 Borealis');
