create table customers (
  id integer primary key,
  name text not null,
  email text not null unique,
  plan text not null check (plan in ('free', 'plus', 'pro'))
) strict;

create table orders (
  id integer primary key,
  customer_id integer not null references customers (id),
  item text not null,
  total_cents integer not null check (total_cents >= 0)
) strict;

create index orders_by_customer on orders (customer_id);

insert into customers (id, name, email, plan) values
  (7, 'Zoë Lindqvist', 'zoe@customers.example', 'pro'),
  (12, 'Tariq Haddad', 'tariq@customers.example', 'plus'),
  (31, 'Mei-Ling Østergård', 'mei@customers.example', 'free'),
  (52, 'Ana Ruiz', 'ana@customers.example', 'free');

insert into orders (id, customer_id, item, total_cents) values
  (5001, 7, 'desk lamp', 4990),
  (5002, 7, 'office chair', 11850),
  (5003, 12, 'standing desk', 32900),
  (5004, 31, 'bookshelf', 8905),
  (5005, 52, 'floor lamp', 7400);
